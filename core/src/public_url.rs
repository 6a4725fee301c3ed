//! The public URL of the server, as browsers use it.

use std::net::IpAddr;

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
        let folded = text.trim_end_matches('/').to_ascii_lowercase();
        let uri: http::Uri = folded.parse().map_err(|_| wrong("is no URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("must begin with https:// (or http:// on a loopback address)"));
        };
        let host = authority.host();
        // The host must be followed by nothing, or by a valid port.
        let is_port = |rest: &str| rest.is_empty() || (rest.starts_with(':') && authority.port_u16().is_some());
        let plain =
            authority.as_str().strip_prefix(host).is_some_and(is_port) && !host.is_empty() && !host.contains('*');
        if uri.path() != "/" || uri.query().is_some() || folded.contains('#') || !plain {
            return Err(wrong("must be a scheme, a host and at most a port"));
        }
        let secure = match scheme {
            "https" => true,
            "http" if is_loopback(authority.host()) => false,
            "http" => {
                return Err(wrong("sends passwords in the clear; http:// is for loopback addresses, use https://"));
            }
            _ => return Err(wrong("must begin with https:// (or http:// on a loopback address)")),
        };
        let default_port = if secure { 443 } else { 80 };
        let port = authority.port_u16().filter(|port| *port != default_port);
        let text = port.map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}"));
        let cookie_name = if secure { "__Host-uptrakit" } else { "uptrakit" };
        let cookie_name = port.map_or_else(|| cookie_name.to_owned(), |port| format!("{cookie_name}-{port}"));
        Ok(Self { text, secure, cookie_name, includes_subdomains: false })
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

pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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
            "http://10.0.0.1",
        ] {
            assert!(PublicUrl::parse(wrong).is_err(), "{wrong} was accepted");
        }
    }
}
