//! Secrets that the server generates, and the digests by which it recognises them. The secrets have at least 178 bits
//! of randomness, so a plain SHA-256 protects them; passwords need more (see `password`).

use sha2::{Digest as _, Sha256};
use uptrakit_api::Secret;

use crate::clock::fill_random;

/// SHA-256 of a token's secret, a session's cookie or a one-time code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// Generates 256 random bits in hexadecimal, for cookies and one-time codes.
#[must_use]
pub fn new_secret() -> Secret {
    let mut bytes = [0; 32];
    fill_random(&mut bytes);
    let mut text = String::with_capacity(64);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(nibble.into(), 16).expect("a nibble is a hexadecimal digit"));
        }
    }
    Secret(text)
}
