//! What an application says about itself, in a registration (RFC 7591) or in a document of its own, and what of that is
//! kept. Every application is a public client, whatever way of authentication it asks for: a secret that is handed to
//! anybody who asks proves nothing.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    client_name,
    redirect_uri::{self, RedirectUri},
};

pub const LARGEST: usize = 8_000;
const MOST_REDIRECT_URIS: usize = 10;
const UNNAMED: &str = "Unnamed application";

pub const GRANT_TYPES: [&str; 3] =
    ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];

/// The members of client metadata that mean something here (RFC 7591, section 2); all others are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ClientMetadata {
    pub redirect_uris: Option<Vec<String>>,
    pub client_name: Option<String>,
    pub client_uri: Option<String>,
    pub grant_types: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub name: String,
    pub client_uri: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
}

/// An error of RFC 7591, section 3.2.2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct InvalidMetadata {
    pub error: &'static str,
    pub description: String,
}

/// The answer to a registration (RFC 7591, section 3.2.1).
#[derive(Clone, Debug, Serialize)]
pub struct Registered {
    pub client_id: String,
    /// Seconds since the Unix epoch.
    pub client_id_issued_at: i64,
    pub client_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    pub redirect_uris: Vec<String>,
    pub grant_types: [&'static str; 3],
    pub response_types: [&'static str; 1],
    pub token_endpoint_auth_method: &'static str,
}

impl InvalidMetadata {
    #[must_use]
    pub fn metadata(description: impl Into<String>) -> Self {
        Self { error: "invalid_client_metadata", description: description.into() }
    }

    fn redirect_uri(description: impl Into<String>) -> Self {
        Self { error: "invalid_redirect_uri", description: description.into() }
    }
}

impl ClientMetadata {
    pub fn check(self) -> Result<Registration, InvalidMetadata> {
        let presented = self.redirect_uris.unwrap_or_default();
        if presented.len() > MOST_REDIRECT_URIS {
            return Err(InvalidMetadata::redirect_uri("There may be 10 redirect URIs at most."));
        }
        let mut redirect_uris = Vec::with_capacity(presented.len());
        for (index, text) in presented.iter().enumerate() {
            let redirect_uri = RedirectUri::parse(text).map_err(|redirect_uri::InvalidRedirectUri(why)| {
                InvalidMetadata::redirect_uri(format!("The redirect URI number {} {why}.", index + 1))
            })?;
            if !redirect_uris.contains(&redirect_uri) {
                redirect_uris.push(redirect_uri);
            }
        }
        if redirect_uris.is_empty() && !asks_for_devices_alone(self.grant_types.as_deref()) {
            return Err(InvalidMetadata::redirect_uri("The member redirect_uris is missing or empty."));
        }
        Ok(Registration {
            name: self.client_name.as_deref().and_then(client_name::clean).unwrap_or_else(|| UNNAMED.to_owned()),
            client_uri: self.client_uri.filter(|uri| is_page(uri)),
            redirect_uris,
        })
    }
}

impl Registration {
    #[must_use]
    pub fn answer(self, client_id: String, issued_at_seconds: i64) -> Registered {
        Registered {
            client_id,
            client_id_issued_at: issued_at_seconds,
            client_name: self.name,
            client_uri: self.client_uri,
            redirect_uris: self.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
            grant_types: GRANT_TYPES,
            response_types: ["code"],
            token_endpoint_auth_method: "none",
        }
    }
}

/// An application that only ever signs in by a code on another device needs no redirect URI.
fn asks_for_devices_alone(grant_types: Option<&[String]>) -> bool {
    let asks_for = |name: &str| grant_types.is_some_and(|types| types.iter().any(|asked| asked == name));
    asks_for(GRANT_TYPES[2]) && !asks_for(GRANT_TYPES[0])
}

/// Returns true for an address that the page can link to. Any other is left out, since nothing depends on it.
fn is_page(uri: &str) -> bool {
    let is_plain = |url: Url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    RedirectUri::parse(uri).is_ok() && Url::parse(uri).is_ok_and(is_plain)
}

#[cfg(test)]
mod tests {
    use super::ClientMetadata;

    fn metadata(redirect_uris: &[&str]) -> ClientMetadata {
        let redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
        ClientMetadata { redirect_uris: Some(redirect_uris), ..ClientMetadata::default() }
    }

    #[test]
    fn a_registration_keeps_a_clean_name_and_the_redirect_uris_as_they_are_written() {
        let uris = ["http://localhost:3334/oauth/callback", "https://Example.org/cb", "cursor://app/cb"];
        let mut asked = metadata(&uris);
        asked.client_name = Some(" MCP\u{202e} CLI\n".into());
        asked.client_uri = Some("https://example.org/about".into());
        let kept = asked.check().unwrap();
        assert_eq!(kept.name, "MCP CLI");
        let answer = kept.answer("one".into(), 1_893_456_000);
        assert_eq!(answer.redirect_uris, uris);
        assert_eq!(answer.client_uri.as_deref(), Some("https://example.org/about"));
        assert_eq!((answer.client_id_issued_at, answer.token_endpoint_auth_method), (1_893_456_000, "none"));
    }

    #[test]
    fn an_application_without_a_name_that_can_be_seen_is_called_unnamed() {
        for name in [None, Some(""), Some("\u{200b}")] {
            let asked = ClientMetadata { client_name: name.map(str::to_owned), ..metadata(&["https://example.org"]) };
            assert_eq!(asked.check().unwrap().name, "Unnamed application");
        }
    }

    #[test]
    fn ten_redirect_uris_are_the_most() {
        let many: Vec<String> = (0..11).map(|number| format!("https://example.org/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(metadata(&many[..10]).check().unwrap().redirect_uris.len(), 10);
        assert_eq!(metadata(&many).check().unwrap_err().error, "invalid_redirect_uri");
        assert_eq!(metadata(&["https://example.org"; 3]).check().unwrap().redirect_uris.len(), 1);
    }

    #[test]
    fn one_wrong_redirect_uri_is_named_by_its_number_and_refuses_the_registration() {
        let error = metadata(&["https://example.org/cb", "http://example.org/cb"]).check().unwrap_err();
        assert_eq!(error.error, "invalid_redirect_uri");
        assert_eq!(
            error.description,
            "The redirect URI number 2 must begin with https://; http:// is for 127.0.0.1, [::1] and localhost."
        );
    }

    #[test]
    fn redirect_uris_are_needed_but_for_devices() {
        assert_eq!(metadata(&[]).check().unwrap_err().error, "invalid_redirect_uri");
        assert_eq!(ClientMetadata::default().check().unwrap_err().error, "invalid_redirect_uri");
        let device = "urn:ietf:params:oauth:grant-type:device_code".to_owned();
        let asks = |types: Vec<String>| ClientMetadata { grant_types: Some(types), ..metadata(&[]) }.check();
        assert!(asks(vec![device.clone(), "refresh_token".into()]).is_ok());
        assert!(asks(vec![device, "authorization_code".into()]).is_err());
    }

    #[test]
    fn an_address_that_the_page_can_not_link_to_is_left_out() {
        for uri in ["http://example.org", "javascript:alert(1)", "example.org", "https://a@example.org", ""] {
            let asked = ClientMetadata { client_uri: Some(uri.into()), ..metadata(&["https://example.org"]) };
            assert_eq!(asked.check().unwrap().client_uri, None, "{uri}");
        }
    }
}
