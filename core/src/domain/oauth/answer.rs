//! What the browser carries back to an application: an address with a code or an error, the application's own state,
//! and our name (RFC 9207), by which applications notice an answer of another server.

use super::redirect_uri::RedirectUri;
use crate::public_url::PublicUrl;

/// The parameter `state` as it was written in the request, so that it comes back byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State(String);

impl State {
    /// Takes the value out of a raw query. Bytes that no URI has are percent-encoded, which means the same.
    #[must_use]
    pub fn from_query(raw: &str) -> Self {
        let mut text = String::with_capacity(raw.len());
        for byte in raw.bytes() {
            if byte.is_ascii_graphic() && !b"\"#&<>\\^`{|}".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(url::form_urlencoded::byte_serialize(&[byte]).collect::<String>().as_str());
            }
        }
        Self(text)
    }

    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the address that carries an answer. The parameters have nothing to do with `state` and `iss`, which are
/// added here.
#[must_use]
pub fn address(
    redirect_uri: &RedirectUri,
    state: Option<&State>,
    public_url: &PublicUrl,
    parameters: &[(&str, &str)],
) -> String {
    let mut own = parameters.to_vec();
    own.push(("iss", public_url.as_str()));
    let address = redirect_uri.with_parameters(&own);
    state.map_or_else(|| address.clone(), |state| format!("{address}&state={}", state.0))
}

#[cfg(test)]
mod tests {
    use super::{State, address};
    use crate::{domain::oauth::redirect_uri::RedirectUri, public_url::PublicUrl};

    #[test]
    fn state_comes_back_byte_for_byte() {
        for state in ["a", "a+b", "a%20b", "a%2Bb==", "%00%ff", "%", "{\"a\"", "\u{e9}", "a=b;c/d?e", "%e2%82%ac"] {
            let kept = State::from_query(state);
            let decoded = |text: &str| {
                let form = format!("state={text}");
                url::form_urlencoded::parse(form.as_bytes()).map(|(_, value)| value.into_owned()).collect::<Vec<_>>()
            };
            assert_eq!(decoded(kept.as_str()), decoded(state), "{state}");
            assert!(kept.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{state}");
            if state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%+=;/?".contains(&byte)) {
                assert_eq!(kept.as_str(), state);
            }
        }
    }

    #[test]
    fn every_answer_names_us() {
        let public_url = PublicUrl::parse("https://up.example.org").unwrap();
        let redirect_uri = RedirectUri::parse("https://example.org/cb?x=y").unwrap();
        let answer = |state| address(&redirect_uri, state, &public_url, &[("code", "upc_x")]);
        let plain = "https://example.org/cb?x=y&code=upc_x&iss=https%3A%2F%2Fup.example.org";
        assert_eq!(answer(None), plain);
        assert_eq!(answer(Some(&State::from_query("a+b%20c"))), format!("{plain}&state=a+b%20c"));
    }
}
