//! Redirect URIs: which of them an application may register, when the one in a request is a registered one, and what
//! people are told about where an answer goes.
//!
//! A URI is kept byte for byte, because applications compare it so. Its parts are read by the parser of browsers
//! (WHATWG), so that the host that people see is the host that the browser goes to.

use url::{Host, Url};

const LONGEST: usize = 2_000;

/// The hosts on which a program may listen on a port that it learns at its start (RFC 8252, section 7.3).
const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Schemes that browsers act on by themselves, and registered schemes of protocols and system programs. None of them
/// is an application's own, and with some a redirect would run a script or open a file.
const FOREIGN_SCHEMES: [&str; 66] = [
    "about",
    "acct",
    "afp",
    "android-app",
    "blob",
    "brave",
    "callto",
    "chrome",
    "cid",
    "cifs",
    "content",
    "data",
    "dav",
    "devtools",
    "dns",
    "edge",
    "facetime",
    "feed",
    "file",
    "filesystem",
    "finger",
    "ftp",
    "ftps",
    "geo",
    "git",
    "gopher",
    "imap",
    "intent",
    "irc",
    "ircs",
    "jar",
    "javascript",
    "ldap",
    "ldaps",
    "livescript",
    "magnet",
    "mailto",
    "market",
    "mid",
    "mocha",
    "nfs",
    "nntp",
    "opera",
    "rdp",
    "res",
    "resource",
    "rlogin",
    "rtsp",
    "search-ms",
    "sftp",
    "sip",
    "sips",
    "sms",
    "smb",
    "ssh",
    "svn",
    "tel",
    "telnet",
    "urn",
    "vbscript",
    "view-source",
    "vivaldi",
    "vnc",
    "ws",
    "wss",
    "xmpp",
];

/// Families of such schemes: pages and extensions of browsers, and programs of Windows and iOS.
const FOREIGN_PREFIXES: [&str; 8] = ["about-", "chrome-", "itms-", "moz-", "ms-", "opera-", "safari-", "x-apple."];

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectUri(String);

/// The reason why a redirect URI is refused; it completes a sentence that begins with "The redirect URI".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the redirect URI {0}")]
pub struct InvalidRedirectUri(pub &'static str);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A server. The text is its host, and its port unless that is the scheme's own.
    Host(String),
    /// A program that listens on the computer of the browser.
    ThisComputer,
    /// The program that the computer of the browser opens for a scheme. The text is the scheme.
    App(String),
}

impl RedirectUri {
    pub fn parse(text: &str) -> Result<Self, InvalidRedirectUri> {
        let wrong = InvalidRedirectUri;
        if text.len() > LONGEST {
            return Err(wrong("is longer than 2000 characters"));
        }
        if text.contains('#') {
            return Err(wrong("must have no fragment"));
        }
        if !has_uri_characters(text) {
            return Err(wrong("has characters that a URI can't have"));
        }
        let url = Url::parse(text).map_err(|_| wrong("is no absolute URI"))?;
        if authority(text).is_some_and(|authority| authority.contains('@')) {
            return Err(wrong("must have no user name"));
        }
        match url.scheme() {
            // Browsers also take `https:host` and `https:///host`; other programs read those in other ways.
            "https" | "http" if authority(text).is_none_or(str::is_empty) => Err(wrong("names no host")),
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback(&url) => Ok(Self(text.to_owned())),
            "http" => Err(wrong("must begin with https://; http:// is for 127.0.0.1, [::1] and localhost")),
            scheme if is_foreign(scheme) => Err(wrong("has a scheme that is no application's own")),
            _ => Ok(Self(text.to_owned())),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true when an answer to `presented` may be sent because this one is registered: they are the same byte
    /// for byte, or differ in nothing but a port on a loopback host.
    #[must_use]
    pub fn allows(&self, presented: &str) -> bool {
        let but_for_port = without_loopback_port(&self.0);
        let differs_in_port = but_for_port.is_some() && but_for_port == without_loopback_port(presented);
        self.0 == presented || (differs_in_port && Self::parse(presented).is_ok())
    }

    #[must_use]
    pub fn destination(&self) -> Destination {
        match Url::parse(&self.0) {
            Ok(url) if is_loopback(&url) => Destination::ThisComputer,
            Ok(url) if url.scheme() == "https" => Destination::Host(host(&url)),
            Ok(url) => Destination::App(url.scheme().to_owned()),
            Err(_) => Destination::Host(self.0.clone()),
        }
    }

    /// Returns the URI with parameters behind its query, percent-encoded (RFC 6749, section 4.1.2).
    #[must_use]
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> String {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        // Programs that open a scheme of their own often read `+` as itself.
        let encoded = encoded.replace('+', "%20");
        let separator = match self.0.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{separator}{encoded}", self.0)
    }
}

impl Destination {
    /// Returns the host, or the scheme with its colon: grants of one application are told apart by it.
    #[must_use]
    pub fn redirect_host(&self) -> String {
        match self {
            Self::Host(host) => host.clone(),
            Self::ThisComputer => "localhost".to_owned(),
            Self::App(scheme) => format!("{scheme}:"),
        }
    }
}

/// The characters of RFC 3986, without `#`. Browsers drop or convert some others, such as tabs and backslashes.
fn has_uri_characters(text: &str) -> bool {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let is_valid = match byte {
            b'%' => (0..2).all(|_| rest.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=".contains(&byte),
        };
        if !is_valid {
            return false;
        }
    }
    true
}

fn authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(':')?;
    rest.strip_prefix("//")?.split(['/', '?']).next()
}

fn is_foreign(scheme: &str) -> bool {
    FOREIGN_SCHEMES.contains(&scheme) || FOREIGN_PREFIXES.iter().any(|prefix| scheme.starts_with(prefix))
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && match url.host() {
            Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
            Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns what stands before and behind the port, where the host is a loopback host as programs write it.
fn without_loopback_port(text: &str) -> Option<(&str, &str)> {
    let authority = authority(text)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.is_empty() => (host, port),
        _ => (authority, ""),
    };
    let (scheme, rest) = text.split_once("://")?;
    if !LOOPBACK_HOSTS.contains(&host) || !matches!(scheme, "http" | "https") {
        return None;
    }
    let before = &text[..scheme.len() + "://".len() + host.len()];
    let behind = rest.strip_prefix(authority)?;
    let is_port = port.is_empty() || port.parse::<u16>().is_ok();
    is_port.then_some((before, behind))
}

#[cfg(test)]
mod tests {
    use super::{Destination, RedirectUri};

    fn is_accepted(text: &str) -> bool {
        RedirectUri::parse(text).is_ok()
    }

    fn allows(registered: &str, presented: &str) -> bool {
        RedirectUri::parse(registered).unwrap().allows(presented)
    }

    #[test]
    fn https_loopback_http_and_private_use_schemes_are_accepted() {
        for text in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://example.org",
            "https://example.org:8443/cb?tenant=a%20b",
            "https://[2001:db8::1]/cb",
            "HTTPS://Example.org/cb",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:33418/",
            "http://[::1]:9/cb",
            "http://localhost:6274/oauth/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "vscode://vscode.microsoft-authentication",
            "com.example.app:/oauth2redirect",
            "myapp:callback",
            "myapp://",
        ] {
            assert!(is_accepted(text), "{text}");
        }
    }

    #[test]
    fn http_is_refused_elsewhere_than_on_loopback() {
        for text in [
            "http://example.org/cb",
            "http://127.0.0.2/cb",
            "http://10.0.0.1/cb",
            "http://localhost.example.org/cb",
            "http://127.0.0.1.example.org/cb",
            "http://localhost./cb",
            "http://[::2]/cb",
            "HTTP://example.org/cb",
        ] {
            assert!(!is_accepted(text), "{text}");
        }
    }

    #[test]
    fn schemes_that_a_browser_acts_on_itself_are_refused() {
        for scheme in [
            "javascript",
            "data",
            "vbscript",
            "file",
            "blob",
            "about",
            "filesystem",
            "ftp",
            "ws",
            "wss",
            "mailto",
            "tel",
            "view-source",
            "chrome",
            "chrome-extension",
            "moz-extension",
            "jar",
            "intent",
            "content",
            "urn",
            "JavaScript",
            "DATA",
            "resource",
            "edge",
            "ms-msdt",
            "search-ms",
            "sms",
            "ssh",
        ] {
            for rest in ["//example.org/cb", "/cb", "alert(1)", "https://example.org/"] {
                assert!(!is_accepted(&format!("{scheme}:{rest}")), "{scheme}:{rest}");
            }
        }
    }

    #[test]
    fn fragments_user_names_and_odd_characters_are_refused() {
        for text in [
            "",
            "/cb",
            "example.org/cb",
            "https:example.org",
            "https:/example.org",
            "https:///example.org/cb",
            "https://",
            "https://?x",
            "https://example.org/#",
            "https://example.org/cb#part",
            "https://ada@example.org/cb",
            "https://ada:x@example.org/cb",
            "https://example.org@evil.example/cb",
            "https://@example.org/cb",
            "cursor://ada@app/cb",
            "https://example.org/a b",
            " https://example.org/cb",
            "https://example.org/cb\n",
            "https://exa\tmple.org/cb",
            "https://example.org\\@evil.example/cb",
            "https://example.org/%",
            "https://example.org/%2",
            "https://example.org/%zz",
            "https://example.org/<script>",
            "https://example.org/\u{e9}",
            "https://ex\u{e4}mple.org/cb",
            "https://example.org:99999/cb",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
        ] {
            assert!(!is_accepted(text), "{text:?}");
        }
        let long = |length: usize| format!("https://example.org/{}", "a".repeat(length - 20));
        assert!(is_accepted(&long(2_000)));
        assert!(!is_accepted(&long(2_001)));
    }

    #[test]
    fn a_redirect_uri_matches_byte_for_byte() {
        let registered = "https://example.org/cb?a=b";
        assert!(allows(registered, registered));
        for other in [
            "https://example.org/cb",
            "https://example.org/cb?a=b&c=d",
            "https://example.org/cb/?a=b",
            "https://example.org:443/cb?a=b",
            "https://example.org:8443/cb?a=b",
            "https://Example.org/cb?a=b",
            "https://example.org/x/../cb?a=b",
            "https://example.org/%63b?a=b",
            "http://example.org/cb?a=b",
        ] {
            assert!(!allows(registered, other), "{other}");
        }
        assert!(!allows("cursor://app:1/cb", "cursor://app:2/cb"));
    }

    #[test]
    fn on_loopback_the_port_alone_may_differ() {
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let registered = format!("http://{host}:1234/cb?x=y");
            for port in ["", ":1", ":1234", ":65535"] {
                assert!(allows(&registered, &format!("http://{host}{port}/cb?x=y")), "{host}{port}");
                assert!(allows(&format!("http://{host}/cb?x=y"), &format!("http://{host}{port}/cb?x=y")));
            }
            for other in [
                format!("http://{host}:1/cb"),
                format!("http://{host}:1/cb?x=z"),
                format!("http://{host}:1/other?x=y"),
                format!("https://{host}:1/cb?x=y"),
                format!("http://{host}:99999/cb?x=y"),
                format!("http://{host}:+1/cb?x=y"),
                format!("http://{host}:1@evil.example/cb?x=y"),
                format!("http://{host}.evil.example:1/cb?x=y"),
                format!("http://{host}:1/cb?x=y#"),
            ] {
                assert!(!allows(&registered, &other), "{other}");
            }
        }
        assert!(!allows("http://localhost:1/cb", "http://127.0.0.1:1/cb"));
    }

    #[test]
    fn people_are_told_where_the_answer_goes() {
        let told = |text: &str| RedirectUri::parse(text).unwrap().destination();
        let host = |text: &str| Destination::Host(text.to_owned());
        assert_eq!(told("https://claude.ai/cb"), host("claude.ai"));
        assert_eq!(told("https://Claude.AI:443/cb"), host("claude.ai"));
        assert_eq!(told("https://up.example.org:8443/cb?https://claude.ai"), host("up.example.org:8443"));
        assert_eq!(told("https://xn--80ak6aa92e.com/"), host("xn--80ak6aa92e.com"));
        assert_eq!(told("http://127.0.0.1:5/cb"), Destination::ThisComputer);
        assert_eq!(told("https://localhost/cb"), Destination::ThisComputer);
        assert_eq!(told("http://[::1]/cb"), Destination::ThisComputer);
        assert_eq!(told("Cursor://localhost/cb"), Destination::App("cursor".to_owned()));
        assert_eq!(told("com.example.app:/cb").redirect_host(), "com.example.app:");
        assert_eq!(told("http://[::1]:7/cb").redirect_host(), told("http://127.0.0.1/cb").redirect_host());
    }

    #[test]
    fn parameters_follow_those_that_a_redirect_uri_has() {
        let with =
            |text: &str| RedirectUri::parse(text).unwrap().with_parameters(&[("code", "a b"), ("iss", "https://u")]);
        assert_eq!(with("https://example.org/cb"), "https://example.org/cb?code=a%20b&iss=https%3A%2F%2Fu");
        assert_eq!(with("https://example.org/cb?x=y"), "https://example.org/cb?x=y&code=a%20b&iss=https%3A%2F%2Fu");
        assert_eq!(with("https://example.org/cb?"), "https://example.org/cb?code=a%20b&iss=https%3A%2F%2Fu");
        assert_eq!(with("myapp:cb"), "myapp:cb?code=a%20b&iss=https%3A%2F%2Fu");
    }
}
