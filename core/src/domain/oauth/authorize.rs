//! Requests of the authorization endpoint (OAuth 2.1, section 4.1.1): from the query to a request that a person can be
//! asked about, an error that is sent back to the application, or an error that only a page can tell.
//!
//! Nothing is sent to an address that is not known to be the application's. So an unknown application, a foreign
//! redirect URI, and whatever makes it unclear which of the two is meant, end on a page.

use uptrakit_api::Permissions;
use url::form_urlencoded;

use super::{
    answer::{self, State},
    pkce::{Challenge, InvalidChallenge},
    redirect_uri::RedirectUri,
    resource::{InvalidTarget, Resource},
    scope::{self, InvalidScope},
};
use crate::{public_url::PublicUrl, text::parse_line};

const LONGEST_QUERY: usize = 16_000;
const LONGEST_TOKEN_NAME: usize = 64;

/// The parameters of a request, none of which stands there twice but `resource`.
#[derive(Debug)]
pub struct Parameters<'q>(Vec<Parameter<'q>>);

#[derive(Debug)]
struct Parameter<'q> {
    name: String,
    value: String,
    raw: &'q str,
}

#[derive(Clone, Debug)]
pub struct Applicant {
    pub redirect_uris: Vec<RedirectUri>,
    /// True for the built-in command line, which may ask for the API.
    pub is_command_line: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted(AcceptedRequest),
    /// The browser goes back to the application with an error.
    Redirect(String),
    Page(PageError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedRequest {
    pub redirect_uri: RedirectUri,
    pub state: Option<State>,
    pub challenge: Challenge,
    pub permissions: Permissions,
    pub resource: Resource,
    pub token_name: Option<String>,
}

/// What is wrong with a request whose answer may be sent nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("The request is too long.")]
    TooLong,
    #[error("The request has a parameter twice.")]
    Doubled,
    #[error("The request names no application: the parameter client_id is missing.")]
    NoClient,
    #[error("The application is not known here; unused registrations are removed after a day.")]
    UnknownClient,
    #[error("The request does not say where its answer goes: the parameter redirect_uri is missing.")]
    NoRedirectUri,
    #[error("The answer would go to an address that the application has not registered.")]
    ForeignRedirectUri,
}

/// An error that the application is told (RFC 6749, section 4.1.2.1). The description is plain ASCII without quotes.
struct Fault(&'static str, &'static str);

impl From<InvalidChallenge> for Fault {
    fn from(InvalidChallenge(why): InvalidChallenge) -> Self {
        Self("invalid_request", why)
    }
}

impl From<InvalidTarget> for Fault {
    fn from(InvalidTarget(why): InvalidTarget) -> Self {
        Self("invalid_target", why)
    }
}

impl From<InvalidScope> for Fault {
    fn from(InvalidScope: InvalidScope) -> Self {
        Self("invalid_scope", "None of the scopes exists here.")
    }
}

impl<'q> Parameters<'q> {
    pub fn parse(query: &'q str) -> Result<Self, PageError> {
        if query.len() > LONGEST_QUERY {
            return Err(PageError::TooLong);
        }
        let mut parameters: Vec<Parameter> = Vec::new();
        for pair in query.split('&') {
            let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
            let raw = pair.split_once('=').map_or("", |(_, raw)| raw);
            let parameter = Parameter { name: name.into_owned(), value: value.into_owned(), raw };
            if parameter.name != "resource" && parameters.iter().any(|other| other.name == parameter.name) {
                return Err(PageError::Doubled);
            }
            parameters.push(parameter);
        }
        // A parameter without a value counts as left out (RFC 6749, section 3.1).
        parameters.retain(|parameter| !parameter.value.is_empty());
        Ok(Self(parameters))
    }

    pub fn client_id(&self) -> Result<&str, PageError> {
        self.get("client_id").ok_or(PageError::NoClient)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|parameter| parameter.value.as_str())
    }

    fn find(&self, name: &str) -> Option<&Parameter<'q>> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// Judges the request of the application that `client_id` names; `None` means that it names none.
    #[must_use]
    pub fn check(&self, applicant: Option<&Applicant>, public_url: &PublicUrl) -> Outcome {
        let Some(applicant) = applicant else { return Outcome::Page(PageError::UnknownClient) };
        let redirect_uri = match self.redirect_uri(applicant) {
            Ok(redirect_uri) => redirect_uri,
            Err(error) => return Outcome::Page(error),
        };
        let state = self.find("state").map(|parameter| State::from_query(parameter.raw));
        match self.accept(applicant, public_url, &redirect_uri, state.as_ref()) {
            Ok(request) => Outcome::Accepted(request),
            Err(Fault(error, description)) => {
                let parameters = [("error", error), ("error_description", description)];
                Outcome::Redirect(answer::address(&redirect_uri, state.as_ref(), public_url, &parameters))
            }
        }
    }

    fn redirect_uri(&self, applicant: &Applicant) -> Result<RedirectUri, PageError> {
        match (self.get("redirect_uri"), applicant.redirect_uris.as_slice()) {
            (Some(presented), registered) if registered.iter().any(|uri| uri.allows(presented)) => {
                RedirectUri::parse(presented).map_err(|_| PageError::ForeignRedirectUri)
            }
            (Some(_), _) => Err(PageError::ForeignRedirectUri),
            // It may be left out where there is no choice (OAuth 2.1, section 4.1.1).
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(PageError::NoRedirectUri),
        }
    }

    fn accept(
        &self,
        applicant: &Applicant,
        public_url: &PublicUrl,
        redirect_uri: &RedirectUri,
        state: Option<&State>,
    ) -> Result<AcceptedRequest, Fault> {
        match self.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(Fault("unsupported_response_type", "The response_type must be code.")),
            None => return Err(Fault("invalid_request", "The parameter response_type is missing; it must be code.")),
        }
        if self.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(Fault("invalid_request", "The response_mode must be query."));
        }
        if self.find("request").is_some() {
            return Err(Fault("request_not_supported", "Send parameters, not a request object."));
        }
        if self.find("request_uri").is_some() {
            return Err(Fault("request_uri_not_supported", "Send parameters, not the address of a request."));
        }
        let challenge = Challenge::parse(self.get("code_challenge"), self.get("code_challenge_method"))?;
        let resources = self.0.iter().filter(|parameter| parameter.name == "resource");
        let resources = resources.map(|parameter| parameter.value.as_str());
        let resource = Resource::parse(resources, public_url, applicant.is_command_line)?;
        let permissions = scope::parse(self.get("scope"))?;
        let proposed = self.get("token_name").filter(|_| applicant.is_command_line);
        Ok(AcceptedRequest {
            redirect_uri: redirect_uri.clone(),
            state: state.cloned(),
            challenge,
            permissions,
            resource,
            token_name: proposed.and_then(|name| parse_line(name, LONGEST_TOKEN_NAME).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Applicant, Outcome, PageError, Parameters};
    use crate::{
        domain::oauth::{redirect_uri::RedirectUri, resource::Resource},
        public_url::PublicUrl,
    };

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const ISS: &str = "iss=https%3A%2F%2Fup.example.org";

    fn applicant(redirect_uris: &[&str]) -> Applicant {
        let redirect_uris = redirect_uris.iter().map(|uri| RedirectUri::parse(uri).unwrap()).collect();
        Applicant { redirect_uris, is_command_line: false }
    }

    /// Judges a good request, with some of its parameters replaced or, by an empty value, left out.
    fn checked_for(applicant: &Applicant, changes: &[(&str, &str)]) -> Outcome {
        let good = [
            ("client_id", "one"),
            ("redirect_uri", "https%3A%2F%2Fexample.org%2Fcb"),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "s1"),
        ];
        let kept = good.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let pairs: Vec<String> = kept.chain(changes).map(|(name, value)| format!("{name}={value}")).collect();
        let query = pairs.join("&");
        let public_url = PublicUrl::parse("https://up.example.org").unwrap();
        match Parameters::parse(&query) {
            Ok(parameters) => parameters.check(Some(applicant), &public_url),
            Err(error) => Outcome::Page(error),
        }
    }

    fn checked(changes: &[(&str, &str)]) -> Outcome {
        checked_for(&applicant(&["https://example.org/cb"]), changes)
    }

    #[track_caller]
    fn error_of(changes: &[(&str, &str)]) -> String {
        let Outcome::Redirect(address) = checked(changes) else { panic!("no redirect: {changes:?}") };
        let query = address.strip_prefix("https://example.org/cb?error=").unwrap();
        assert!(query.ends_with(&format!("&{ISS}&state=s1")), "{address}");
        query.split('&').next().unwrap().to_owned()
    }

    #[test]
    fn a_good_request_is_accepted_with_what_it_asks_for() {
        let changes = [
            ("scope", "hosts:write+offline_access%20hosts:read"),
            ("resource", "https%3A%2F%2Fup.example.org%2Fmcp"),
            ("state", "a+b%2Bc"),
            ("token_name", "cli"),
            ("prompt", "consent"),
        ];
        let Outcome::Accepted(request) = checked(&changes) else { panic!("not accepted") };
        assert_eq!(request.redirect_uri.as_str(), "https://example.org/cb");
        assert_eq!(request.state.unwrap().as_str(), "a+b%2Bc");
        assert_eq!(request.permissions.to_string(), "hosts:read hosts:write");
        assert_eq!(request.resource, Resource::Mcp);
        assert_eq!(request.token_name, None, "only the command line names a token");
    }

    #[test]
    fn the_command_line_may_ask_for_the_api_and_name_its_token() {
        let cli = Applicant { is_command_line: true, ..applicant(&["http://127.0.0.1/callback"]) };
        let changes = [
            ("redirect_uri", "http://127.0.0.1:4711/callback"),
            ("resource", "https://up.example.org/api/v1"),
            ("token_name", "cli+on+nas"),
        ];
        let Outcome::Accepted(request) = checked_for(&cli, &changes) else { panic!("not accepted") };
        assert_eq!(request.redirect_uri.as_str(), "http://127.0.0.1:4711/callback");
        assert_eq!((request.resource, request.token_name.as_deref()), (Resource::Api, Some("cli on nas")));
        let long = "x".repeat(65);
        for name in ["", "a%0ab", long.as_str()] {
            let changes = [changes[0], ("token_name", name)];
            let Outcome::Accepted(request) = checked_for(&cli, &changes) else { panic!("not accepted") };
            assert_eq!(request.token_name, None, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_sent_back_with_the_state_and_our_name() {
        for (changes, error) in [
            (&[("response_type", "")][..], "invalid_request"),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_type", "code%20id_token")], "unsupported_response_type"),
            (&[("response_mode", "fragment")], "invalid_request"),
            (&[("code_challenge", "")], "invalid_request"),
            (&[("code_challenge", "short")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("code_challenge_method", "")], "invalid_request"),
            (&[("resource", "https://evil.example/mcp")], "invalid_target"),
            (&[("resource", "https://up.example.org/api/v1")], "invalid_target"),
            (&[("resource", "https://up.example.org"), ("resource", "https://up.example.org/x")], "invalid_target"),
            (&[("scope", "everything")], "invalid_scope"),
            (&[("request", "e30.e30.")], "request_not_supported"),
            (&[("request_uri", "https://example.org/r")], "request_uri_not_supported"),
        ] {
            assert_eq!(error_of(changes), error, "{changes:?}");
        }
    }

    #[test]
    fn the_description_of_an_error_has_the_characters_that_it_may_have() {
        for changes in [[("response_type", "")], [("code_challenge", "")], [("code_challenge", "x")], [("scope", "x")]]
        {
            let Outcome::Redirect(address) = checked(&changes) else { panic!("no redirect") };
            let url = url::Url::parse(&address).unwrap();
            let (_, text) = url.query_pairs().find(|(name, _)| name == "error_description").unwrap();
            assert!(
                text.ends_with('.') && text.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\'),
                "{text}"
            );
        }
    }

    #[test]
    fn no_answer_is_sent_where_the_application_or_its_address_is_wrong() {
        for (changes, error) in [
            (&[("redirect_uri", "https://evil.example/cb")][..], PageError::ForeignRedirectUri),
            (&[("redirect_uri", "https://example.org/cb/")], PageError::ForeignRedirectUri),
            (&[("redirect_uri", "javascript:alert(1)")], PageError::ForeignRedirectUri),
            (&[("state", "a"), ("state", "a")], PageError::Doubled),
            (
                &[("redirect_uri", "https://example.org/cb"), ("redirect%5Furi", "https://evil.example")],
                PageError::Doubled,
            ),
            (&[("scope", ""), ("scope", "hosts:read")], PageError::Doubled),
            (&[("unknown", "1"), ("unknown", "2")], PageError::Doubled),
        ] {
            assert_eq!(checked(changes), Outcome::Page(error), "{changes:?}");
        }
        let long = "x".repeat(16_000);
        assert_eq!(checked(&[("state", &long)]), Outcome::Page(PageError::TooLong));
        let parameters = Parameters::parse("client_id=&state=x").unwrap();
        assert_eq!(parameters.client_id(), Err(PageError::NoClient));
        let public_url = PublicUrl::parse("https://up.example.org").unwrap();
        assert_eq!(parameters.check(None, &public_url), Outcome::Page(PageError::UnknownClient));
    }

    #[test]
    fn a_redirect_uri_may_be_left_out_where_there_is_one_alone() {
        assert!(matches!(checked(&[("redirect_uri", "")]), Outcome::Accepted(_)));
        let two = applicant(&["https://example.org/cb", "https://example.org/other"]);
        assert_eq!(checked_for(&two, &[("redirect_uri", "")]), Outcome::Page(PageError::NoRedirectUri));
    }

    #[test]
    fn the_same_resource_twice_is_one() {
        let twice = [("resource", "https://up.example.org"), ("resource", "https://up.example.org/mcp")];
        assert!(matches!(checked(&twice), Outcome::Accepted(_)));
    }
}
