//! The address of a server, in the one form in which it is compared, saved and shown. Plain http beyond this machine
//! exposes the token, so it has to be allowed explicitly.

use crate::{failure::Failure, redaction::holds_secret};
use std::{fmt, net::IpAddr};
use ureq::http::Uri;

pub const DEFAULT: &str = "http://127.0.0.1:8080";

/// A server's address: scheme, host and port, and the path in front of `/api` if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server(String);

impl Server {
    /// Parses an address. Without a scheme it is https, or http when the host is this machine.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, Failure> {
        let text = text.trim();
        let wrong = |why: &str| {
            Failure::usage(format!("'{}' is no server address", crate::text::printable(text))).caused_by(why)
        };
        // A request would expose the token: a host name is sent to DNS servers, and a path ends up in a log.
        if holds_secret(text) {
            return Err(wrong("a secret is part of it; it was not sent anywhere")
                .hint("give the token in UPTRAKIT_TOKEN, and an address such as https://updates.example.org"));
        }
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            let guess: Uri =
                format!("http://{text}").parse().map_err(|_| wrong("it must be like https://updates.example.org"))?;
            let scheme = if guess.host().is_some_and(is_loopback) { "http" } else { "https" };
            format!("{scheme}://{text}")
        };
        let uri: Uri = full.parse().map_err(|_| wrong("it must be like https://updates.example.org"))?;
        let (Some(scheme), Some(authority), Some(host)) = (uri.scheme_str(), uri.authority(), uri.host()) else {
            return Err(wrong("it must be like https://updates.example.org"));
        };
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        if authority.as_str().contains('@') {
            return Err(wrong("it must not hold a name or a password"));
        }
        // An address with an invalid port would be reached at the scheme's default port, where another program may
        // listen.
        let behind_host = authority.as_str().rsplit(']').next().unwrap_or_default();
        if behind_host.contains(':') && matches!(authority.port_u16(), None | Some(0)) {
            return Err(wrong("the port must be a number from 1 to 65535"));
        }
        if uri.query().is_some() || full.contains('#') {
            return Err(wrong("it must end with the host, the port or a path"));
        }
        match scheme {
            "https" => {}
            "http" if is_loopback(host) || allow_http => {}
            "http" => {
                return Err(Failure::usage(format!("will not send a token over plain http to {host}"))
                    .caused_by("everybody on the way could read it")
                    .hint("use https, or add --allow-http if the network is yours alone"));
            }
            _ => return Err(wrong("the scheme must be https or http")),
        }
        let authority = authority.as_str().to_ascii_lowercase();
        Ok(Self(format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/'))))
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn has_tls(&self) -> bool {
        self.0.starts_with("https://")
    }

    pub fn with_tls(&self) -> String {
        self.0.replacen("http://", "https://", 1)
    }

    pub fn host(&self) -> String {
        let uri: Option<Uri> = self.0.parse().ok();
        uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default()
    }

    pub fn port(&self) -> u16 {
        let uri: Option<Uri> = self.0.parse().ok();
        let own = if self.0.starts_with("https") { 443 } else { 80 };
        uri.and_then(|uri| uri.port_u16()).unwrap_or(own)
    }

    /// Returns true when both addresses name the same server, with or without a default port.
    pub fn is_same(&self, other: &Self) -> bool {
        let parts = |server: &Self| {
            let uri: Option<Uri> = server.0.parse().ok();
            (server.has_tls(), server.host(), server.port(), uri.map(|uri| uri.path().trim_end_matches('/').to_owned()))
        };
        parts(self) == parts(other)
    }

    pub fn is_local(&self) -> bool {
        is_loopback(&self.host())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::Server;
    use crate::failure::Exit;

    #[test]
    fn addresses_take_one_form() {
        for (text, expected) in [
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("localhost", "http://localhost"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("[::1]", "http://[::1]"),
            ("Updates.Example.ORG", "https://updates.example.org"),
            ("https://example.org/uptrakit/", "https://example.org/uptrakit"),
        ] {
            assert_eq!(Server::parse(text, false).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_default_port_makes_no_other_server() {
        let is_same =
            |one: &str, other: &str| Server::parse(one, true).unwrap().is_same(&Server::parse(other, true).unwrap());
        assert!(is_same("https://example.org", "https://Example.org:443/"));
        assert!(is_same("http://127.0.0.1:80", "http://127.0.0.1"));
        for other in
            ["http://example.org", "https://example.org:8443", "https://a.example.org", "https://example.org/x"]
        {
            assert!(!is_same("https://example.org", other), "{other}");
        }
    }

    #[test]
    fn what_is_no_address_is_a_mistake_of_usage() {
        for text in [
            "",
            "https://",
            "ftp://example.org",
            "https://me:secret@example.org",
            "https://example.org/?x=1",
            "a b",
            "http:///x",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:80x",
            "http://127.0.0.1:0",
            "127.0.0.1:",
            "https://example.org:/uptrakit",
            "[::1]:",
            "upk_0000000000000000000000000000003aIdS3",
            "https://upk_0000000000000000000000000000003aIdS3.example.org",
            "https://example.org/upk_0000000000000000000000000000003aIdS3",
        ] {
            assert_eq!(Server::parse(text, true).unwrap_err().exit, Exit::Usage, "{text:?}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_allowed() {
        for text in [
            "http://example.org",
            "http://127.0.0.1.example.org",
            "http://192.168.1.5:8080",
            "http://localhost.example.org",
        ] {
            assert!(Server::parse(text, false).is_err(), "{text}");
            assert!(Server::parse(text, true).is_ok(), "{text}");
        }
        assert!(Server::parse("http://127.9.9.9", false).is_ok());
    }
}
