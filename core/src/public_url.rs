//! The public URL of the server, as browsers use it.

use url::{Host, Url};

/// The public URL: `https://…`, or `http://` on a loopback address, without a path or a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    secure: bool,
    cookie_name: String,
    includes_subdomains: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public URL {0}")]
pub struct InvalidPublicUrl(pub &'static str);

impl PublicUrl {
    /// Parses a URL. Upper case and default ports are normalised, so that the result equals the `Origin` that browsers
    /// send.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let wrong = InvalidPublicUrl;
        let written = text.trim_end_matches('/');
        if !written.contains("://") {
            return Err(wrong("must begin with https:// (or http:// on a loopback address)"));
        }
        // The parser would mend these, while the person who typed them may have meant something else.
        let is_mended = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\\';
        let url = Url::parse(written).ok().filter(|_| !written.contains(is_mended)).ok_or(wrong("is no URL"))?;
        let host = url.host().ok_or(wrong("is no URL"))?;
        let has_more = url.path() != "/" || written.contains(['?', '#', '@', '*']) || written.ends_with(':');
        if has_more {
            return Err(wrong("must be a scheme, a host and at most a port"));
        }
        let secure = match url.scheme() {
            "https" => true,
            "http" if names_loopback(&host) => false,
            "http" => {
                return Err(wrong("sends passwords in the clear; http:// is for loopback addresses, use https://"));
            }
            _ => return Err(wrong("must begin with https:// (or http:// on a loopback address)")),
        };
        let cookie_name = if secure { "__Host-uptrakit" } else { "uptrakit" };
        let cookie_name = url.port().map_or_else(|| cookie_name.to_owned(), |port| format!("{cookie_name}-{port}"));
        Ok(Self { text: url.origin().ascii_serialization(), secure, cookie_name, includes_subdomains: false })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    #[must_use]
    pub const fn includes_subdomains(&self) -> bool {
        self.includes_subdomains
    }

    #[must_use]
    pub fn including_subdomains(self, includes_subdomains: bool) -> Self {
        Self { includes_subdomains, ..self }
    }

    /// Returns the value of `Strict-Transport-Security` (RFC 6797). Subdomains are left out unless a setting includes
    /// them, because other servers there may have no HTTPS.
    #[must_use]
    pub const fn strict_transport_security(&self) -> Option<&'static str> {
        match (self.secure, self.includes_subdomains) {
            (false, _) => None,
            (true, false) => Some("max-age=31536000"),
            (true, true) => Some("max-age=31536000; includeSubDomains"),
        }
    }

    /// Returns the cookie's name. With HTTPS it has a prefix that makes browsers insist on Secure and Path=/ (RFC
    /// 6265bis, section 4.1.3.2). Browsers ignore the port of a cookie, so the name has to distinguish the servers on
    /// one host.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.cookie_name
    }
}

fn names_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Returns true for `localhost` and loopback addresses, IPv6 in brackets.
pub fn is_loopback(host: &str) -> bool {
    Host::parse(host).is_ok_and(|host| names_loopback(&host))
}

#[cfg(test)]
mod tests {
    use super::PublicUrl;

    #[test]
    fn servers_on_one_host_share_a_cookies_name_only_if_they_share_the_port() {
        for (url, name) in [
            ("https://up.example.org", "__Host-uptrakit"),
            ("https://up.example.org:443", "__Host-uptrakit"),
            ("https://up.example.org:8443", "__Host-uptrakit-8443"),
            ("http://localhost", "uptrakit"),
            ("http://localhost:80", "uptrakit"),
            ("http://127.0.0.1:8080", "uptrakit-8080"),
            ("http://[::1]:8081", "uptrakit-8081"),
        ] {
            assert_eq!(PublicUrl::parse(url).unwrap().cookie_name(), name, "{url}");
        }
    }

    #[test]
    fn public_urls_are_folded_to_what_browsers_send() {
        let text = |url| PublicUrl::parse(url).unwrap().as_str().to_owned();
        assert_eq!(text("https://Up.Example.org:443/"), "https://up.example.org");
        assert_eq!(text("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(text("http://[::1]:8080"), "http://[::1]:8080");
        assert_eq!(text("http://localhost"), "http://localhost");
        assert_eq!(text("https://b\u{fc}cher.example"), "https://xn--bcher-kva.example");
        assert_eq!(text("http://127.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(text("HTTP://[0:0:0:0:0:0:0:1]:80//"), "http://[::1]");
        for wrong in [
            "up.example.org",
            "ftp://localhost",
            "https://a/b",
            "https://a?b",
            "https://a/#b",
            "https://u@a",
            "https://a:99999",
            "https://a:",
            "https://*.a",
            "https://",
            "https:///",
            "https:a",
            "https://a b",
            " https://a",
            "https://a\\b",
            "https://@a",
            "https://a?",
            "https://a#",
            "localhost:8080",
            "http://0.0.0.0",
            "http://localhost.example.org",
            "http://10.0.0.1",
        ] {
            assert!(PublicUrl::parse(wrong).is_err(), "{wrong} was accepted");
        }
    }
}
