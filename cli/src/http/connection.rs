//! Turns errors of the connection into failures with a cause and a hint. They are told apart by type, never by the text of
//! a library.

use super::{
    Client,
    plain::is_answered_in_tls,
    rejection::{CHECK_ADDRESS, not_uptrakit},
    tls, was_refused,
};
use crate::{
    failure::{Exit, Failure, described},
    server::Server,
};
use rustls::{CertificateError, Error as TlsError, InvalidMessage};
use std::{io, time::Duration};
use ureq::{Error, Timeout};

impl Client {
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

fn tls_error(error: &Error) -> Option<&TlsError> {
    match error {
        Error::Rustls(error) => Some(error),
        Error::Io(io) => io.get_ref()?.downcast_ref(),
        _ => None,
    }
}

fn speaks_no_tls(error: &Error) -> bool {
    matches!(tls_error(error), Some(TlsError::InvalidMessage(InvalidMessage::InvalidContentType)))
}

fn is_closed(error: &Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kind = if let Error::Io(io) = error { Some(io.kind()) } else { None };
    matches!(kind, Some(UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe))
}

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
