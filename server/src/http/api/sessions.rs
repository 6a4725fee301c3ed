//! Handlers for web sessions, and their cookie.

use axum::{
    Json as Uncompressed,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use uptrakit_api::{Account, Secret, Session, SessionId, SignIn};
use uptrakit_core::{
    auth::{
        authorized::{Authorized, WebSession},
        digest::Digest,
    },
    domain::{
        accounts::{self, ClientInfo},
        sessions,
    },
    error::Error,
    public_url::PublicUrl,
    state::Core,
};

use crate::{
    App,
    http::{
        answer::Data,
        body::{Id, Json, read, require_json},
        caller::{request_context, session_cookie},
        origin::{self, Origin},
        problem::ErrorResponse,
    },
};

/// Sign in
///
/// The answer sets the session cookie. A session that the request presents ends.
#[utoipa::path(
    post, path = "/auth/sessions", tag = "sessions", request_body = SignIn, responses((status = 201, body = Account))
)]
pub async fn create_session(State(app): State<App>, request: Request) -> Result<Response, ErrorResponse> {
    let (parts, body) = request.into_parts();
    // A request with neither header comes from a program, and no cookie is at stake.
    if Origin::of(&parts.headers, app.public_url.as_str()) == Origin::Foreign {
        return Err(origin::refuse(&request_context(&parts), &parts.headers, app.public_url.as_str()).into());
    }
    require_json(&parts.headers)?;
    let bytes = read(&parts.headers, body).await?;
    let Json(sign_in): Json<SignIn> = Json::parse_bytes(&bytes)?;
    let browser = browser(&app, &parts.headers)?;
    let signed_in = accounts::sign_in(&app, &request_context(&parts), sign_in, browser).await?;
    let cookie = set_cookie(&app.public_url, &signed_in.cookie);
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Uncompressed(signed_in.account)).into_response())
}

/// List the caller's web sessions, last used first
#[utoipa::path(
    get, path = "/auth/sessions", tag = "sessions", responses((status = 200, body = Vec<Session>)),
    security(("session" = []))
)]
pub async fn list_sessions(
    State(app): State<App>,
    actor: Authorized<WebSession>,
) -> Result<Data<Vec<Session>>, ErrorResponse> {
    Ok(Data(sessions::list(&app, &actor).await?))
}

/// End a web session; `current` is the session of this request
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", tag = "sessions", params(("id" = String, Path, description = "A session's id, or `current`")),
    responses((status = 204)), security(("session" = []))
)]
pub async fn delete_session(
    State(app): State<App>,
    actor: Authorized<WebSession>,
    Id(id): Id<String>,
) -> Result<Response, ErrorResponse> {
    let own = actor.session().map(|session| session.id);
    let id: SessionId = match (id.as_str(), own) {
        ("current", Some(own)) => own,
        (id, _) => id.parse().map_err(|_| Error::NotFound)?,
    };
    sessions::end(&app, &actor, id).await?;
    if Some(id) == own {
        return Ok((StatusCode::NO_CONTENT, signed_out(&app.public_url)).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub fn browser(app: &Core, headers: &HeaderMap) -> Result<ClientInfo, Error> {
    let presented = session_cookie(headers, app.public_url.cookie_name())?.map(Digest::of);
    Ok(ClientInfo { device: device(headers), presented })
}

/// Builds `Set-Cookie` for a new session. `Max-Age` is how long the browser keeps the cookie; how long the session is
/// valid is decided by the server alone.
pub fn set_cookie(public_url: &PublicUrl, value: &Secret) -> HeaderValue {
    cookie_line(public_url, &value.0, "Max-Age=2592000")
}

/// Builds the headers that remove a session from the browser. `Clear-Site-Data` does not name cookies: it would also
/// remove those of other servers on this host, because cookies are not separated by port.
pub fn signed_out(public_url: &PublicUrl) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::SET_COOKIE, cookie_line(public_url, "", "Max-Age=0")),
        (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\"")),
    ]
}

fn cookie_line(public_url: &PublicUrl, value: &str, age: &str) -> HeaderValue {
    let secure = if public_url.is_secure() { "; Secure" } else { "" };
    let line = format!("{}={value}; {age}; Path=/; HttpOnly; SameSite=Strict{secure}", public_url.cookie_name());
    let mut line = HeaderValue::try_from(line).expect("a cookie of hexadecimal digits is a valid header");
    line.set_sensitive(true);
    line
}

/// Shortens a user agent to a name such as `Firefox on Linux`. An unknown user agent is kept as it is, but cut.
fn device(headers: &HeaderMap) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) if agent.is_empty() => "unknown".to_owned(),
        (None, None) => agent.chars().filter(|character| !character.is_control()).take(60).collect(),
    }
}
