//! Secrets that the server made itself, and the digests by which it knows them again. They have at least 178 bits of
//! randomness, so a plain SHA-256 keeps them; passwords are another matter (`password`).

use sha2::{Digest as _, Sha256};
use uptrakit_api::Secret;

use crate::clock::fill_random;

/// SHA-256 of a token's text, a session's cookie or a one-time code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of a secret's whole text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// As it comes from the database; `None` when it has another length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// A new random text of 256 bits in hexadecimal, for cookies and one-time codes.
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
