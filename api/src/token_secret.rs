//! The secret of an API token: `upk_`, 30 random base62 characters and 6 base62 characters of checksum. By the
//! checksum, scanners and the server tell a token from similar text without a look-up.

/// The secret of an API token, complete and with a correct checksum. It has deliberately no `Debug`, `Display` or
/// `Serialize`: code that needs the text calls [`TokenSecret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

/// The text is not an API token of Uptrakit: its prefix, length, alphabet or checksum is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no Uptrakit API token")]
pub struct InvalidTokenSecret;

const PREFIX: &str = "upk_";
const RANDOM_LENGTH: usize = 30;
const CHECKSUM_LENGTH: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl TokenSecret {
    /// Characters that every token begins with.
    pub const PREFIX: &str = PREFIX;

    /// Number of characters of a token.
    pub const LENGTH: usize = PREFIX.len() + RANDOM_LENGTH + CHECKSUM_LENGTH;

    /// Generates a secret. `fill` must overwrite its buffer with bytes of a cryptographically secure source.
    pub fn mint(mut fill: impl FnMut(&mut [u8])) -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        text.push_str(PREFIX);
        let mut bytes = [0; 64];
        while text.len() < PREFIX.len() + RANDOM_LENGTH {
            fill(&mut bytes);
            let missing = PREFIX.len() + RANDOM_LENGTH - text.len();
            // 248 is the largest multiple of 62 that fits in a byte. All digits stay equally likely because larger
            // bytes are skipped.
            let fair = bytes.iter().filter(|byte| **byte < 248);
            text.extend(fair.take(missing).map(|byte| char::from(BASE62[usize::from(byte % 62)])));
        }
        bytes.fill(0);
        let checksum = checksum(&text);
        text.extend(checksum.map(char::from));
        Self(text)
    }

    /// Reads the token that a client presents.
    pub fn parse(text: &str) -> Result<Self, InvalidTokenSecret> {
        let well_formed = text.len() == Self::LENGTH
            && text.starts_with(PREFIX)
            && text.bytes().skip(PREFIX.len()).all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return Err(InvalidTokenSecret);
        }
        let (body, given) = text.split_at(PREFIX.len() + RANDOM_LENGTH);
        if given.as_bytes() == checksum(body) { Ok(Self(text.to_owned())) } else { Err(InvalidTokenSecret) }
    }

    /// Returns the text. Every caller is a place where the secret could leak.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the part that lists show instead of the secret: the first four characters after the prefix and the last
    /// four. Example: `upk_Ab3d…9xYz`.
    #[must_use]
    pub fn hint(&self) -> String {
        let start = PREFIX.len();
        format!("{PREFIX}{}…{}", &self.0[start..start + 4], &self.0[Self::LENGTH - 4..])
    }
}

/// Returns the CRC-32 (IEEE) of the text in base62, most significant digit first, padded with `0`.
fn checksum(text: &str) -> [u8; CHECKSUM_LENGTH] {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::TokenSecret;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// A generator whose output is spread well enough for a test and is the same in every run.
    fn counter() -> impl FnMut(&mut [u8]) {
        let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
        move |bytes| {
            for byte in bytes {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                *byte = state.to_le_bytes()[3];
            }
        }
    }

    #[test]
    fn minted_texts_have_the_pattern_and_the_checksum_and_differ() {
        let mut fill = counter();
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let token = TokenSecret::mint(&mut fill);
            assert_eq!(token.expose().len(), 40);
            assert!(TokenSecret::parse(token.expose()).is_ok());
            assert!(seen.insert(token.expose().to_owned()));
        }
        let digits: HashSet<char> = seen.iter().flat_map(|text| text[4..34].chars()).collect();
        assert_eq!(digits.len(), 62, "every digit occurs");
    }

    #[test]
    fn the_documented_vectors_hold() {
        for text in [
            "upk_0000000000000000000000000000003aIdS3",
            "upk_abcdefghijklmnopqrstuvwxyzABCD1L66RN",
            "upk_dWzJbroDIh9h0qL7ROjfWlBduSSqYS00k2Gh",
        ] {
            assert!(TokenSecret::parse(text).is_ok(), "{text} was refused");
        }
    }

    #[test]
    fn a_change_anywhere_is_noticed() {
        let token = TokenSecret::mint(counter());
        for index in 0..TokenSecret::LENGTH {
            let mut bytes = token.expose().as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(TokenSecret::parse(&changed).is_err(), "a change at {index} was not noticed");
        }
    }

    #[test]
    fn the_hint_shows_eight_characters() {
        let token = TokenSecret::mint(counter());
        let text = token.expose();
        assert_eq!(token.hint(), format!("upk_{}…{}", &text[4..8], &text[36..]));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,60}") {
            let _ = TokenSecret::parse(&text);
        }

        #[test]
        fn what_was_minted_can_be_read(seed: u8) {
            let mut next = seed;
            let token = TokenSecret::mint(|bytes| bytes.iter_mut().for_each(|byte| { next = next.wrapping_add(37); *byte = next; }));
            prop_assert!(TokenSecret::parse(token.expose()).is_ok());
        }
    }
}
