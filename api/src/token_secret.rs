//! Secrets that the server issues: a prefix that says what the secret is for, 30 random base62 characters and 6 base62
//! characters of checksum. By the checksum, scanners and the server tell a secret from similar text without a look-up.

use std::{fmt, marker::PhantomData};

/// Says what a secret is for, by the prefix that it begins with.
pub trait SecretKind {
    /// Characters that every secret of the kind begins with.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $(#[$alias_doc:meta])* $alias:ident = $prefix:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $kind;

            impl SecretKind for $kind {
                const PREFIX: &'static str = $prefix;
            }

            $(#[$alias_doc])*
            pub type $alias = CheckedSecret<$kind>;
        )+
    };
}

kinds! {
    /// Marks the secret of an API token.
    ApiToken,
    /// The secret of an API token.
    TokenSecret = "upk_";
    /// Marks an authorization code of OAuth.
    Code,
    /// An authorization code of OAuth, which an application exchanges for tokens once.
    AuthorizationCode = "upc_";
    /// Marks an access token of OAuth.
    Access,
    /// An access token of OAuth.
    AccessToken = "upo_";
    /// Marks a refresh token of OAuth.
    Refresh,
    /// A refresh token of OAuth, which an application exchanges for the next pair of tokens.
    RefreshToken = "upr_";
    /// Marks a device code of OAuth.
    Device,
    /// A device code of OAuth, with which an application asks whether its request was approved.
    DeviceCode = "upd_";
}

/// A secret, complete and with a correct checksum. It has deliberately no `Display` or `Serialize`, and its `Debug`
/// shows the prefix alone: code that needs the text calls [`CheckedSecret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct CheckedSecret<K>(String, PhantomData<K>);

/// The text is no secret of the kind: its prefix, length, alphabet or checksum is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no Uptrakit token")]
pub struct InvalidTokenSecret;

/// All prefixes have the same length.
const PREFIX_LENGTH: usize = 4;
const RANDOM_LENGTH: usize = 30;
const CHECKSUM_LENGTH: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl<K: SecretKind> CheckedSecret<K> {
    /// Characters that every secret of the kind begins with.
    pub const PREFIX: &str = K::PREFIX;

    /// Number of characters of a secret, whatever its kind.
    pub const LENGTH: usize = PREFIX_LENGTH + RANDOM_LENGTH + CHECKSUM_LENGTH;

    /// Generates a secret. `fill` must overwrite its buffer with bytes of a cryptographically secure source.
    pub fn mint(mut fill: impl FnMut(&mut [u8])) -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        text.push_str(K::PREFIX);
        let mut bytes = [0; 64];
        while text.len() < PREFIX_LENGTH + RANDOM_LENGTH {
            fill(&mut bytes);
            let missing = PREFIX_LENGTH + RANDOM_LENGTH - text.len();
            // 248 is the largest multiple of 62 that fits in a byte. All digits stay equally likely because larger
            // bytes are skipped.
            let fair = bytes.iter().filter(|byte| **byte < 248);
            text.extend(fair.take(missing).map(|byte| char::from(BASE62[usize::from(byte % 62)])));
        }
        bytes.fill(0);
        let checksum = checksum(&text);
        text.extend(checksum.map(char::from));
        Self(text, PhantomData)
    }

    /// Reads the secret that a client presents.
    pub fn parse(text: &str) -> Result<Self, InvalidTokenSecret> {
        let well_formed = text.len() == Self::LENGTH
            && text.starts_with(K::PREFIX)
            && text.bytes().skip(PREFIX_LENGTH).all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return Err(InvalidTokenSecret);
        }
        let (body, given) = text.split_at(PREFIX_LENGTH + RANDOM_LENGTH);
        if given.as_bytes() == checksum(body) {
            Ok(Self(text.to_owned(), PhantomData))
        } else {
            Err(InvalidTokenSecret)
        }
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
        let start = PREFIX_LENGTH;
        format!("{}{}…{}", K::PREFIX, &self.0[start..start + 4], &self.0[Self::LENGTH - 4..])
    }
}

impl<K: SecretKind> fmt::Debug for CheckedSecret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[secret]", K::PREFIX)
    }
}

/// Returns true when the text contains a secret of any kind.
#[must_use]
pub fn holds_secret(text: &str) -> bool {
    holds::<ApiToken>(text)
        || holds::<Code>(text)
        || holds::<Access>(text)
        || holds::<Refresh>(text)
        || holds::<Device>(text)
}

fn holds<K: SecretKind>(text: &str) -> bool {
    let starts = text.match_indices(K::PREFIX);
    let mut candidates = starts.filter_map(|(at, _)| text.get(at..at + CheckedSecret::<K>::LENGTH));
    candidates.any(|part| CheckedSecret::<K>::parse(part).is_ok())
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
    use super::{AccessToken, AuthorizationCode, DeviceCode, RefreshToken, TokenSecret, holds_secret};
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

    #[test]
    fn a_secret_of_one_kind_is_none_of_another_and_none_is_shown_by_debug() {
        let code = AuthorizationCode::mint(counter());
        let access = AccessToken::mint(counter());
        let refresh = RefreshToken::mint(counter());
        let device = DeviceCode::mint(counter());
        assert_eq!(access.expose(), AccessToken::parse(access.expose()).unwrap().expose());
        for text in [code.expose(), access.expose(), refresh.expose(), device.expose()] {
            assert!(TokenSecret::parse(text).is_err());
            assert!(TokenSecret::parse(&format!("upk_{}", &text[4..])).is_err(), "the checksum covers the prefix");
            assert!(holds_secret(&format!("my {text}!")));
            assert!(!holds_secret(&text[..39]));
        }
        assert_eq!(format!("{code:?} {access:?} {refresh:?}"), "upc_[secret] upo_[secret] upr_[secret]");
        assert_eq!(format!("{device:?} {:?}", TokenSecret::mint(counter())), "upd_[secret] upk_[secret]");
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
