//! Turns errors of the connection and refusals of the server into failures with a cause and a hint. A problem document
//! comes from an Uptrakit server; any other answer comes from a proxy, or from a wrong address.

use super::{Client, plain::is_answered_in_tls, tls, was_refused};
use crate::{
    failure::{Exit, Failure, OAuthError, described},
    server::Server,
    text::printable,
};
use rustls::{CertificateError, Error as TlsError, InvalidMessage};
use serde::Deserialize;
use std::{io, time::Duration};
use uptrakit_api::{ProblemCode, TokenId, tolerant::Problem};
use ureq::{
    Body, Error, Timeout,
    http::{Method, Response, StatusCode, header},
};

/// The hints for an object that is not there.
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
                return problem.failure(tried, status);
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
            ProblemCode::AccountDisabled => Some("ask an administrator to activate the account".to_owned()),
            ProblemCode::InsufficientPermission => {
                Some("use a token that may do this, or ask an administrator; `uptrakit auth status` shows what this one may do".to_owned())
            }
            ProblemCode::NetworkNotAllowed => Some("use the token from one of its networks, or make one that is allowed from here".to_owned()),
            ProblemCode::NameTaken => Some("choose another name, or revoke the token that has it".to_owned()),
            ProblemCode::LimitReached => Some("revoke a token that is no longer used: `uptrakit auth token list --sort last_used_at`".to_owned()),
            ProblemCode::TooManyRequests | ProblemCode::Unavailable => wait.map(|seconds| format!("try again in {seconds} s")),
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

    pub(super) fn unsent(&self, tried: &str) -> Failure {
        Failure::failed(format!("could not {tried}"))
            .caused_by(format!("the request to {} would have a part that HTTP does not allow", self.server))
    }

    pub(super) fn unreached(&self, tried: &str, error: &Error, limit: Duration) -> Failure {
        let server = &self.server;
        let mut failure = Failure::new(Exit::Unreachable, format!("could not {tried}"));
        failure.outcome_unknown = may_have_arrived(error);
        failure.details = vec![format!("error: {}", in_words(error))];
        if let Some(variable) = self.proxy_variable {
            // The client resolves and connects to the proxy alone; the proxy resolves the server's name.
            let why = match error {
                error if is_unknown_name(error) => Some("its name is not known"),
                error if was_refused(error) => Some("nothing listens there"),
                _ => None,
            };
            if let Some(why) = why {
                return failure
                    .caused_by(format!("the proxy in {variable} can't be reached: {why}"))
                    .hint(format!("check {variable}; NO_PROXY names the servers to be reached without a proxy"));
            }
        }
        match error {
            Error::Timeout(_) => failure
                .caused_by(format!(
                    "{server} did not answer within {} s{}",
                    limit.as_secs_f32(),
                    self.proxy_variable
                        .map(|variable| format!(", through the proxy in {variable}"))
                        .unwrap_or_default()
                ))
                .hint("see whether the server is well, or give it longer with --timeout"),
            error if is_unknown_name(error) => {
                failure.caused_by(format!("the name in {server} is not known")).hint(CHECK_ADDRESS)
            }
            error if was_refused(error) => failure
                .caused_by(format!("nothing listens at {server}"))
                .hint("start the server with `uptrakit-server`, or name another with --server or UPTRAKIT_SERVER"),
            error if speaks_no_tls(error) => failure
                .caused_by(format!("{server} speaks no TLS"))
                .hint(format!("see whether its address is http{}", server.as_str().trim_start_matches("https"))),
            error if is_answered_in_tls(error) => self.answered_in_tls(failure),
            error if is_distrust(error) => failure
                .caused_by(format!("no trusted connection to {server}: {}", distrust(error)))
                .hint(self.way_to_trust(error)),
            Error::Protocol(_) | Error::Http(_) => {
                let not_uptrakit = not_uptrakit(server, tried, "its answer is no proper HTTP");
                Failure { outcome_unknown: failure.outcome_unknown, details: failure.details, ..not_uptrakit }
            }
            Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => failure
                .caused_by(format!("the proxy did not connect to {server}"))
                .hint("check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"),
            error => {
                let hint = "check the address and the network between, and try again";
                // Some servers with TLS only close a connection without it.
                let hint = if is_closed(error) && !server.has_tls() {
                    format!("{hint}; if the server speaks TLS, its address is {}", server.with_tls())
                } else {
                    hint.to_owned()
                };
                failure.caused_by(ended(server, error)).hint(hint)
            }
        }
    }

    fn answered_in_tls(&self, failure: Failure) -> Failure {
        let server = &self.server;
        failure
            .caused_by(format!("{server} speaks TLS"))
            .hint(format!("see whether its address is {}", server.with_tls()))
    }

    fn way_to_trust(&self, error: &Error) -> &'static str {
        use CertificateError as Why;
        match tls_error(error) {
            Some(error) if tls::lacks_names(error) => {
                "give the server a certificate with a subjectAltName: `openssl req` takes `-addext subjectAltName=DNS:NAME`, or `IP:ADDRESS` for an address"
            }
            Some(TlsError::InvalidCertificate(Why::NotValidForName | Why::NotValidForNameContext { .. })) => {
                "give an address with a name that is in the certificate, or the server a certificate for this one"
            }
            Some(TlsError::InvalidCertificate(Why::Expired | Why::ExpiredContext { .. })) => {
                "renew the server's certificate, or set this machine's clock if it is wrong"
            }
            Some(TlsError::InvalidCertificate(Why::NotValidYet | Why::NotValidYetContext { .. })) => {
                "set this machine's clock, or wait until the certificate is valid"
            }
            Some(TlsError::InvalidCertificate(_)) if self.has_named_certificates => {
                "only the certificates in the file of --ca-cert are trusted: it must have the server's own, or that of the authority that issued it"
            }
            Some(TlsError::InvalidCertificate(_)) => {
                "if the server's certificate comes from an authority of your own, name it with --ca-cert FILE"
            }
            _ => "see whether the address and the port are those of the server, and which versions of TLS it takes",
        }
    }
}

/// An error of OAuth (RFC 6749, 5.2).
#[derive(Deserialize)]
struct OAuthProblem {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl OAuthProblem {
    fn failure(&self, tried: &str, status: StatusCode) -> Failure {
        let cause = if self.error_description.is_empty() {
            format!("the server answered `{}`", printable(&self.error))
        } else {
            printable(&self.error_description)
        };
        let mut failure = Failure::failed(format!("could not {tried}")).caused_by(cause);
        failure.oauth = Some(OAuthError::of_name(&self.error));
        failure.details = vec![format!("status: {status}"), format!("error: {}", printable(&self.error))];
        failure
    }
}

pub(super) fn not_uptrakit(server: &Server, tried: &str, why: &str) -> Failure {
    Failure::new(Exit::Unreachable, format!("could not {tried}"))
        .caused_by(format!("{server} does not speak as an Uptrakit server does: {why}"))
        .hint(CHECK_ADDRESS)
}

fn is_unknown_name(error: &Error) -> bool {
    matches!(error, Error::HostNotFound)
}

/// Describes an error for `-v`, in more technical words than the message has. An error of the operating system keeps
/// the system's own description.
fn in_words(error: &Error) -> String {
    let words = match error {
        Error::HostNotFound => "the name has no address",
        Error::Timeout(timeout) => match timeout {
            Timeout::Resolve => "the time limit passed while the name was looked up",
            Timeout::Connect => "the time limit passed while the connection was made",
            Timeout::SendRequest | Timeout::SendBody => "the time limit passed while the request was sent",
            Timeout::RecvResponse => "the time limit passed before the head of the answer came",
            Timeout::RecvBody | Timeout::PerRead => "the time limit passed while the answer was read",
            _ => "the time limit passed",
        },
        Error::Protocol(_) | Error::Http(_) | Error::LargeResponseHeader(..) => "the answer breaks the rules of HTTP",
        Error::BodyExceedsLimit(_) => "the answer is longer than any of the API",
        Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => "the proxy refused to connect",
        error if is_answered_in_tls(error) => "the answer is one of TLS",
        error if is_distrust(error) => return format!("TLS: {}", distrust(error)),
        Error::Io(io) => {
            let code = io.raw_os_error();
            return code.map_or_else(|| io.kind().to_string(), |code| described(&io::Error::from_raw_os_error(code)));
        }
        _ => "the connection failed",
    };
    words.to_owned()
}

/// Finds the TLS error in an error of the HTTP client, which may wrap it in an I/O error.
fn tls_error(error: &Error) -> Option<&TlsError> {
    match error {
        Error::Rustls(error) => Some(error),
        Error::Io(io) => io.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// Returns true when the peer answered the TLS handshake with something that is no TLS record.
fn speaks_no_tls(error: &Error) -> bool {
    matches!(tls_error(error), Some(TlsError::InvalidMessage(InvalidMessage::InvalidContentType)))
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

fn is_closed(error: &Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kind = if let Error::Io(io) = error { Some(io.kind()) } else { None };
    matches!(kind, Some(UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe))
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

/// Returns true when the server may have received the request before the error occurred.
fn may_have_arrived(error: &Error) -> bool {
    match error {
        Error::Timeout(_) | Error::Protocol(_) | Error::BodyExceedsLimit(_) => true,
        Error::Io(io) => {
            let way = matches!(io.kind(), io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable);
            !(way
                || was_refused(error)
                || is_answered_in_tls(error)
                || is_unknown_name(error)
                || speaks_no_tls(error)
                || is_distrust(error))
        }
        _ => false,
    }
}

fn ended(server: &Server, error: &Error) -> String {
    let Error::Io(io) = error else { return format!("the connection to {server} failed") };
    match io.kind() {
        _ if is_closed(error) => format!("{server} closed the connection before it had answered"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => format!("there is no way to {server}"),
        io::ErrorKind::InvalidData => format!("what {server} answered can't be read"),
        io::ErrorKind::TimedOut => format!("{server} did not answer in time"),
        _ => match io.raw_os_error() {
            // The message ends with the operating system's own description.
            Some(_) => format!("the connection to {server} failed: {}", described(io)),
            None => format!("the connection to {server} failed"),
        },
    }
}

fn distrust(error: &Error) -> &'static str {
    let Some(error) = tls_error(error) else { return "the handshake failed" };
    match error {
        error if tls::is_authority(error) => "its certificate is the authority's own, which is not trusted here",
        error if tls::lacks_names(error) => {
            "its certificate has no subjectAltName, which would say for which hosts it is"
        }
        TlsError::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer => "its certificate comes from an authority that is not trusted here",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet; this machine's clock may be wrong"
            }
            CertificateError::Revoked => "its certificate is revoked",
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "its certificate is not for servers"
            }
            CertificateError::BadEncoding => "its certificate can't be read",
            CertificateError::BadSignature => "its certificate is not signed by the authority that it names",
            _ => "its certificate is not valid",
        },
        TlsError::AlertReceived(_) => "it broke off the handshake",
        TlsError::PeerIncompatible(_) => "it has no version of TLS in common with this program",
        TlsError::NoCertificatesPresented => "it presented no certificate",
        _ => "the handshake failed",
    }
}

fn is_distrust(error: &Error) -> bool {
    matches!(error, Error::Tls(_) | Error::Pem(_)) || tls_error(error).is_some()
}
