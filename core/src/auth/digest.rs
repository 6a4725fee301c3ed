//! Secrets that the server generates, and the digests by which it recognises them. The secrets have at least 178 bits
//! of randomness, so a plain SHA-256 protects them; passwords need more (see `password`).

use uptrakit_api::Secret;
pub use uptrakit_store::Digest;

use crate::clock::fill_random;

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
