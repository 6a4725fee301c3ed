//! Turns rejections by the server into failures with a cause and a hint. A problem document, or an error of OAuth, comes
//! from an Uptrakit server; any other answer comes from a proxy, or from a wrong address.

use super::Client;
use crate::{
    failure::{Exit, Failure, OAuthError},
    server::Server,
    text::printable,
};
use serde::Deserialize;
use uptrakit_api::{ProblemCode, TokenId, tolerant::Problem};
use ureq::{
    Body,
    http::{Method, Response, StatusCode, header},
};

pub const SEE_TOKENS: &str = "see what there is with `uptrakit auth token list --state all`";
pub const SEE_HOSTS: &str = "see what there is with `uptrakit hosts list --all`";
/// The endpoints below this path answer errors in the form of OAuth.
const OAUTH: &str = "/oauth/";
pub(super) const CHECK_ADDRESS: &str = "check the address; --server or UPTRAKIT_SERVER sets another";

impl Client {
    pub(super) fn rejected(&self, tried: &str, method: &Method, path: &str, answer: Response<Body>) -> Failure {
        let status = answer.status();
        let header =
            |name: header::HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(printable);
        let (location, wait) = (header(header::LOCATION), header(header::RETRY_AFTER));
        let text = answer.into_body().into_with_config().limit(1 << 20).read_to_string().unwrap_or_default();
        let Ok(problem) = serde_json::from_str::<Problem>(&text) else {
            if let (true, Ok(problem)) = (path.starts_with(OAUTH), serde_json::from_str::<OAuthProblem>(&text)) {
                return problem.failure(tried, status, wait.as_deref());
            }
            return self.rejected_without_problem(tried, status, location.as_deref(), &text);
        };
        let exit = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Refused,
            StatusCode::NOT_FOUND => Exit::NotFound,
            _ => Exit::Failed,
        };
        let cause = if problem.detail.is_empty() {
            format!("the server answered {status}")
        } else {
            printable(&problem.detail)
        };
        let fields =
            problem.errors.iter().map(|error| (printable(&error.field), printable(&error.message))).collect::<Vec<_>>();
        let mut failure = Failure::new(exit, format!("could not {tried}")).caused_by(cause).of_fields(fields);
        failure.code = problem.known_code();
        failure.hint = self.advice(failure.code, &printable(&problem.request_id), wait.as_deref());
        if exit == Exit::NotFound {
            failure.hint = Some(missing(path).to_owned());
        }
        failure.details = vec![
            format!("request: {method} {}", self.server.url(path)),
            format!("status: {status}"),
            format!("code: {}", printable(&problem.code)),
            format!("request id: {}", printable(&problem.request_id)),
        ];
        failure
    }

    fn advice(&self, code: Option<ProblemCode>, request_id: &str, wait: Option<&str>) -> Option<String> {
        let server = &self.server;
        match code? {
            ProblemCode::InvalidToken | ProblemCode::TokenExpired | ProblemCode::TokenRevoked | ProblemCode::MissingCredentials => Some(format!(
                "sign in again with `uptrakit auth login --server {server}`, or set UPTRAKIT_TOKEN to a token made at {server}/profile"
            )),
            ProblemCode::WrongLogin => Some(
                "check both and run the command again; who runs the server can set another password with `uptrakit-server user set-password NAME`".to_owned(),
            ),
            ProblemCode::InvalidField => Some("correct it and run the command again; --help shows what it takes".to_owned()),
            ProblemCode::NotActive => Some("make another with `uptrakit auth token create`".to_owned()),
            ProblemCode::Conflict => Some("look at how it is now, and run the command again".to_owned()),
            ProblemCode::TokenOnHold => Some(format!(
                "confirm it at {server}/profile, or with `uptrakit auth token confirm` after `uptrakit auth login --server {server}`"
            )),
            ProblemCode::AccountDisabled => Some("ask an administrator to activate the account".to_owned()),
            ProblemCode::InsufficientPermission => {
                Some("use a token that may do this, or ask an administrator; `uptrakit auth status` shows what this one may do".to_owned())
            }
            ProblemCode::NetworkNotAllowed => Some("use the token from one of its networks, or make one that is allowed from here".to_owned()),
            ProblemCode::NameTaken => Some("choose another name, or revoke the token that has it".to_owned()),
            ProblemCode::LimitReached => Some("revoke a token that is no longer used: `uptrakit auth token list --sort last_used_at`".to_owned()),
            ProblemCode::TooManyRequests | ProblemCode::Unavailable => wait.map(try_again_in),
            ProblemCode::Internal => Some(format!("the server's log says more about request {request_id}")),
            ProblemCode::InvalidRequest
            | ProblemCode::CrossOrigin
            | ProblemCode::NotFound
            | ProblemCode::MethodNotAllowed
            | ProblemCode::LastAdministrator
            | ProblemCode::TooLarge
            | ProblemCode::UnsupportedMediaType => None,
        }
    }

    /// Builds the failure for an answer without a problem document, which comes from a proxy in front of the server or
    /// from another program.
    fn rejected_without_problem(&self, tried: &str, status: StatusCode, location: Option<&str>, text: &str) -> Failure {
        let message = format!("could not {tried}");
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::new(Exit::Refused, message)
                .caused_by(format!("{} answered {status}, but not as an Uptrakit server does", self.server))
                .hint("look whether a proxy in front of the server asks for a sign-in of its own"),
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                let mut failure = Failure::new(Exit::Unreachable, message)
                    .caused_by(format!("a proxy at {} answered {status}", self.server))
                    .hint("see whether uptrakit-server runs behind it");
                // 503 says that the proxy found no server to pass the request on to, so nothing was changed.
                failure.outcome_unknown = status != StatusCode::SERVICE_UNAVAILABLE;
                failure
            }
            status if status.is_redirection() => Failure::new(Exit::Unreachable, message)
                .caused_by(format!("{} sends on to {}", self.server, location.unwrap_or("somewhere else")))
                .hint("give the address of the server itself with --server"),
            StatusCode::BAD_REQUEST if !self.server.has_tls() && asks_for_tls(text) => {
                self.answered_in_tls(Failure::new(Exit::Unreachable, message))
            }
            status => not_uptrakit(&self.server, tried, &format!("it answered {status} without a problem document")),
        }
    }

    pub(super) fn answered_in_tls(&self, failure: Failure) -> Failure {
        let server = &self.server;
        failure
            .caused_by(format!("{server} speaks TLS"))
            .hint(format!("see whether its address is {}", server.with_tls()))
    }
}

fn try_again_in(seconds: &str) -> String {
    format!("try again in {seconds} s")
}

/// An error of OAuth (RFC 6749, 5.2).
#[derive(Deserialize)]
struct OAuthProblem {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl OAuthProblem {
    fn failure(&self, tried: &str, status: StatusCode, wait: Option<&str>) -> Failure {
        let cause = if self.error_description.is_empty() {
            format!("the server answered `{}`", printable(&self.error))
        } else {
            printable(&self.error_description)
        };
        let mut failure = Failure::failed(format!("could not {tried}")).caused_by(cause);
        failure.oauth = Some(OAuthError::of_name(&self.error));
        failure.hint = wait.map(try_again_in);
        failure.details = vec![format!("status: {status}"), format!("error: {}", printable(&self.error))];
        failure
    }
}

pub(super) fn not_uptrakit(server: &Server, tried: &str, why: &str) -> Failure {
    Failure::new(Exit::Unreachable, format!("could not {tried}"))
        .caused_by(format!("{server} does not speak as an Uptrakit server does: {why}"))
        .hint(CHECK_ADDRESS)
}

/// Returns true when an answer says in the words of nginx, Apache or Go that the port is one for TLS.
fn asks_for_tls(text: &str) -> bool {
    let words = [
        "HTTP request was sent to HTTPS port",
        "HTTP to an SSL-enabled server port",
        "HTTP request to an HTTPS server",
    ];
    words.iter().any(|words| text.contains(words))
}

fn missing(path: &str) -> &'static str {
    let of_id = path.split('/').any(|part| part.parse::<TokenId>().is_ok());
    if !of_id {
        // Every Uptrakit server has the paths without an id, so the address must be wrong.
        CHECK_ADDRESS
    } else if path.contains("/hosts/") {
        SEE_HOSTS
    } else {
        SEE_TOKENS
    }
}
