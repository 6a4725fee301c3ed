//! Applications that describe themselves in a document (OAuth Client ID Metadata Document, draft 00): their `client_id`
//! is the document's URL. Here is what such a URL and such a document must be; the server fetches them.

use std::{net::IpAddr, time::Duration};

use serde::Deserialize;
use url::{Host, Url};

use super::registration::{ClientMetadata, InvalidMetadata, Registration};

pub const LARGEST: usize = 5_000;
const LONGEST_URL: usize = 500;
const LONGEST_FRESH: Duration = Duration::from_hours(24);

/// The address of a document, with a host name that is still to be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentUrl {
    pub text: String,
    pub host: String,
}

impl DocumentUrl {
    /// Returns the address if a `client_id` is one: https on its own port, a host name and a path, written in the one
    /// way that needs no folding.
    #[must_use]
    pub fn parse(client_id: &str) -> Option<Self> {
        let url = Url::parse(client_id).ok()?;
        let Some(Host::Domain(host)) = url.host() else { return None };
        let is_one = client_id.len() <= LONGEST_URL
            && url.as_str() == client_id
            && url.scheme() == "https"
            && url.port().is_none()
            && url.path() != "/"
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        is_one.then(|| Self { text: client_id.to_owned(), host: host.to_owned() })
    }
}

#[derive(Debug, Deserialize)]
pub struct Document {
    client_id: Option<String>,
    token_endpoint_auth_method: Option<String>,
    client_secret: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    metadata: ClientMetadata,
}

impl Document {
    pub fn check(self, url: &DocumentUrl) -> Result<Registration, InvalidMetadata> {
        if self.client_id.as_deref() != Some(url.text.as_str()) {
            return Err(InvalidMetadata::metadata("The client_id in the document is not the address of the document."));
        }
        // Anybody can read the document, so it can hold no secret.
        if self.client_secret.is_some() || self.token_endpoint_auth_method.is_some_and(|method| method != "none") {
            return Err(InvalidMetadata::metadata("The document asks for authentication; here it must ask for none."));
        }
        self.metadata.check()
    }
}

/// Returns how long a document counts without being fetched again, by its header `Cache-Control` (RFC 9111).
#[must_use]
pub fn fresh_for(cache_control: &str) -> Duration {
    let directives = || cache_control.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    if directives().any(|directive| matches!(directive.split('=').next(), Some("no-store" | "no-cache"))) {
        return Duration::ZERO;
    }
    let seconds = directives().find_map(|directive| directive.strip_prefix("max-age=")?.trim_matches('"').parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(LONGEST_FRESH)
}

/// Returns true for an address of the internet. Documents are fetched from no other, because an application could make
/// the server ask for something in its own network.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_documentation()
                || address.is_multicast()
                || first == 0
                || first >= 240
                // Shared addresses of carriers (RFC 6598), protocol assignments (RFC 6890), relays of 6to4 (RFC 7526),
                // and benchmarks (RFC 2544).
                || (first == 100 && (64..128).contains(&second))
                || (first == 192 && second == 0 && third == 0)
                || (first == 192 && second == 88 && third == 99)
                || (first == 198 && (18..20).contains(&second)))
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            // Global unicast is 2000::/3. Within it are documentation (RFC 3849, RFC 9637), protocol assignments with
            // Teredo (RFC 2928), and 6to4 (RFC 3056), which leads to IPv4 addresses.
            (0x2000..0x4000).contains(&first)
                && !(first == 0x2001 && (second == 0xdb8 || second < 0x200))
                && first != 0x2002
                && !(first == 0x3fff && second < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Document, DocumentUrl, fresh_for, is_public};

    fn url(text: &str) -> DocumentUrl {
        DocumentUrl::parse(text).unwrap()
    }

    fn document(client_id: &str) -> Document {
        Document {
            client_id: Some(client_id.into()),
            token_endpoint_auth_method: None,
            client_secret: None,
            metadata: super::ClientMetadata {
                redirect_uris: Some(vec!["https://example.org/cb".into()]),
                ..super::ClientMetadata::default()
            },
        }
    }

    #[test]
    fn the_address_of_a_document_is_https_on_its_own_port_with_a_path() {
        assert_eq!(url("https://example.org/client.json?v=2").host, "example.org");
        for text in [
            "one",
            "http://example.org/client.json",
            "https://example.org",
            "https://example.org/",
            "https://example.org:443/client.json",
            "https://example.org:8443/client.json",
            "https://ada@example.org/client.json",
            "https://example.org/client.json#",
            "https://example.org/a/../client.json",
            "https://example.org/./client.json",
            "https://example.org/%2e%2e/client.json",
            "https://Example.org/client.json",
            "https://192.0.2.1/client.json",
            "https://[2001:db8::1]/client.json",
            "https://2130706433/client.json",
            " https://example.org/client.json",
        ] {
            assert_eq!(DocumentUrl::parse(text), None, "{text}");
        }
        assert_eq!(DocumentUrl::parse(&format!("https://example.org/{}", "a".repeat(500))), None);
    }

    #[test]
    fn the_client_id_in_a_document_is_its_address_byte_for_byte() {
        let address = "https://example.org/client.json";
        assert!(document(address).check(&url(address)).is_ok());
        for other in ["https://example.org/client.json/", "https://example.org/Client.json", ""] {
            assert!(document(other).check(&url(address)).is_err(), "{other}");
        }
        assert!(Document { client_id: None, ..document("") }.check(&url(address)).is_err());
    }

    #[test]
    fn a_document_asks_for_no_authentication() {
        let address = "https://example.org/client.json";
        let with = |method: &str| Document { token_endpoint_auth_method: Some(method.into()), ..document(address) };
        assert!(with("none").check(&url(address)).is_ok());
        assert!(with("client_secret_basic").check(&url(address)).is_err());
        assert!(with("private_key_jwt").check(&url(address)).is_err());
        let secret = Document { client_secret: Some(serde::de::IgnoredAny), ..document(address) };
        assert!(secret.check(&url(address)).is_err());
    }

    #[test]
    fn a_document_is_cached_by_its_headers_for_at_most_a_day() {
        let seconds = |header: &str| fresh_for(header).as_secs();
        assert_eq!(seconds("public, max-age=600"), 600);
        assert_eq!(seconds("Max-Age=\"60\""), 60);
        assert_eq!(fresh_for("max-age=31536000, immutable"), Duration::from_hours(24));
        for header in ["", "no-store", "max-age=600, no-store", "no-cache=x, max-age=600", "max-age=-1", "max-age=x"] {
            assert_eq!(seconds(header), 0, "{header}");
        }
    }

    #[test]
    fn addresses_that_are_not_of_the_internet_are_told_apart() {
        for public in ["1.1.1.1", "93.184.215.14", "192.0.1.1", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for own in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!is_public(own.parse().unwrap()), "{own}");
        }
    }
}
