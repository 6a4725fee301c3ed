//! Authenticates requests: it takes the credential out of the headers, has it checked, and hands the handler a proof. A
//! handler says in its signature what it needs (`Authorized<HostsRead>`), so that a handler that forgets to ask does
//! not compile.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use uptrakit_core::{
    auth::{
        authorized::{AnyCredential, Authorized, Presented, Requirement},
        context::RequestContext,
        credential::Rejection,
        resource::Resource,
    },
    error::Error,
    state::Core,
};

use super::{
    origin::{self, Origin},
    problem::ErrorResponse,
};
use crate::App;

const LONGEST_PROGRAM: usize = 32;

impl<R: Requirement> FromRequestParts<App> for Authorized<R> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ErrorResponse> {
        Ok(authorize(app, &parts.headers, Resource::Api, request_context(parts)).await?)
    }
}

/// Returns the context that the outermost layer put into the request.
///
/// # Panics
///
/// Panics when that layer is missing.
#[must_use]
pub fn request_context(parts: &Parts) -> RequestContext {
    parts.extensions.get::<RequestContext>().expect("the outermost layer adds the context").clone()
}

/// Finds the credential in the headers and checks it, for a route of this resource. A bearer token is preferred to a
/// session cookie.
pub async fn authorize<R: Requirement>(
    core: &Core,
    headers: &HeaderMap,
    resource: Resource,
    context: RequestContext,
) -> Result<Authorized<R>, Error> {
    let presented = match bearer(headers)? {
        Some(text) => Presented::Bearer(text, resource),
        None => Presented::Session(own_session(core, headers, &context)?.ok_or(Error::Rejected(Rejection::Missing))?),
    };
    Ok(Authorized::new(&core.auth, presented, context, || program(headers)).await?)
}

/// Checks the bearer token of a request to the MCP endpoint. A cookie is ignored there, because other sites could cause
/// the browser to send it.
pub async fn authorize_bearer(
    core: &Core,
    headers: &HeaderMap,
    context: RequestContext,
) -> Result<Authorized<AnyCredential>, Error> {
    let text = bearer(headers)?.ok_or(Error::Rejected(Rejection::Missing))?;
    let presented = Presented::Bearer(text, Resource::Mcp);
    Ok(Authorized::new(&core.auth, presented, context, || program(headers)).await?)
}

/// Returns the session cookie, if there is one. A cookie is refused when another site may have caused the request.
fn own_session<'h>(core: &Core, headers: &'h HeaderMap, context: &RequestContext) -> Result<Option<&'h str>, Error> {
    let public_url = core.public_url.as_str();
    let cookie = session_cookie(headers, core.public_url.cookie_name())?;
    if cookie.is_some() && Origin::of(headers, public_url) != Origin::Same {
        return Err(origin::refuse(context, headers, public_url));
    }
    Ok(cookie)
}

/// Returns the bearer token of the `Authorization` header (RFC 6750, section 2.1), if there is one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::Malformed("Send one Authorization header, not several."));
    }
    let Ok(value) = value.to_str() else {
        // Quotes as text processors set them are not in ASCII.
        let value = String::from_utf8_lossy(value.as_bytes());
        let text = value.split_once(' ').map_or("", |(_, text)| text.trim());
        return Err(Error::Rejected(Rejection::of_malformed(text)));
    };
    let (scheme, text) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| text.trim()))
}

pub fn session_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Error> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let first = values.next();
    if values.next().is_some() {
        return Err(Error::Malformed("Send one session cookie, not several."));
    }
    Ok(first)
}

/// Returns the program that a `User-Agent` names first (RFC 9110, section 10.1.5), if that name is plain and short.
pub fn program(headers: &HeaderMap) -> Option<Box<str>> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let name = text.split(|character: char| !(character.is_ascii_alphanumeric() || ".-".contains(character))).next()?;
    (1..=LONGEST_PROGRAM).contains(&name.len()).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::program;
    use http::{HeaderMap, HeaderValue, header};

    #[test]
    fn a_program_is_known_by_the_first_word_of_its_user_agent() {
        let name =
            |text: &'static str| program(&HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static(text))]));
        assert_eq!(name("curl/8.5.0").as_deref(), Some("curl"));
        assert_eq!(name("python-requests/2.32 x").as_deref(), Some("python-requests"));
        assert_eq!(name("uptrakit").as_deref(), Some("uptrakit"));
        assert_eq!(name("<script>"), None);
        assert_eq!(name(""), None);
        assert_eq!(name("a-name-that-goes-on-for-longer-than-anybody-reads/1"), None);
        assert_eq!(program(&HeaderMap::new()), None);
    }
}
