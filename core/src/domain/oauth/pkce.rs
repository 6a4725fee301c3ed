//! Proof of possession of an authorization code (PKCE, RFC 7636): the application that redeems a code shows what only
//! the one that asked for it can know. S256 is the only method; `plain` would show the proof in the request.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;

use crate::auth::digest::Digest;

/// The SHA-256 of a verifier that an application keeps to itself, in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidChallenge(pub &'static str);

impl Challenge {
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, InvalidChallenge> {
        let Some(challenge) = challenge else {
            return Err(InvalidChallenge("The parameter code_challenge is missing; PKCE is needed (RFC 7636)."));
        };
        if method != Some("S256") {
            return Err(InvalidChallenge("The parameter code_challenge_method must be S256."));
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(challenge).ok();
        if bytes.is_none_or(|bytes| bytes.len() != 32) {
            return Err(InvalidChallenge("The code_challenge must be the 43 characters of a SHA-256 in base64url."));
        }
        Ok(Self(challenge.to_owned()))
    }

    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The comparison takes the same time wherever the two differ.
    #[must_use]
    pub fn is_answered_by(&self, verifier: &str) -> bool {
        let own = BASE64_URL_SAFE_NO_PAD.encode(Digest::of(verifier).0);
        is_verifier(verifier) && own.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

fn is_verifier(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

    use super::Challenge;
    use crate::auth::digest::Digest;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_is_answered_by_its_verifier_alone() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert!(challenge.is_answered_by(VERIFIER));
        for other in ["", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK", &format!("{VERIFIER}A"), CHALLENGE] {
            assert!(!challenge.is_answered_by(other), "{other}");
        }
    }

    #[test]
    fn s256_is_the_only_method() {
        for method in [None, Some(""), Some("plain"), Some("s256"), Some("S512")] {
            assert!(Challenge::parse(Some(CHALLENGE), method).is_err(), "{method:?}");
        }
    }

    #[test]
    fn a_missing_or_malformed_challenge_is_refused() {
        assert!(Challenge::parse(None, Some("S256")).is_err());
        let padded = format!("{CHALLENGE}=");
        for challenge in ["", &CHALLENGE[1..], &padded, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", VERIFIER] {
            let is_digest = challenge == VERIFIER;
            assert_eq!(Challenge::parse(Some(challenge), Some("S256")).is_ok(), is_digest, "{challenge}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        let answered = |verifier: &str| {
            let challenge = BASE64_URL_SAFE_NO_PAD.encode(Digest::of(verifier).0);
            Challenge::from_stored(challenge).is_answered_by(verifier)
        };
        assert!(answered(&"a".repeat(43)));
        assert!(answered(&"-._~".repeat(32)));
        assert!(!answered(&"a".repeat(42)));
        assert!(!answered(&"a".repeat(129)));
        for odd in [" ", "+", "/", "=", "\u{e9}", "\n"] {
            assert!(!answered(&format!("{}{odd}", "a".repeat(43))), "{odd:?}");
        }
    }
}
