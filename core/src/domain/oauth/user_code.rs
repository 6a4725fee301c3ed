//! The code that a person types to sign in a program on another device (RFC 8628, section 6.1).

/// Without vowels no words come about, and without digits none is taken for a letter.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// Eight letters, of which people see two groups of four.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Generates a code. `fill` must overwrite its buffer with bytes of a cryptographically secure source.
    pub fn mint(mut fill: impl FnMut(&mut [u8])) -> Self {
        let mut code = String::with_capacity(LENGTH);
        let mut bytes = [0; 16];
        while code.len() < LENGTH {
            fill(&mut bytes);
            // 240 is the largest multiple of 20 that fits in a byte: larger bytes would prefer some letters.
            let fair = bytes.iter().filter(|byte| **byte < 240);
            code.extend(fair.take(LENGTH - code.len()).map(|byte| char::from(ALPHABET[usize::from(byte % 20)])));
        }
        Self(code)
    }

    /// Reads what a person typed, in either case, with or without dashes and spaces.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_separator = |letter: &char| letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}');
        let letters = text.chars().filter(|letter| !is_separator(letter)).take(LENGTH + 1);
        let code: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
        let is_valid = code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
        is_valid.then_some(Self(code))
    }

    /// Returns the eight letters without a dash; the database keeps the digest of these.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the code as people see it, such as `WDJB-MJHT`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at(LENGTH / 2);
        format!("{first}-{second}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::UserCode;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W-D-J-B\u{2013}mjht", "wdjb\u{a0}MJHT\n"] {
            assert_eq!(UserCode::parse(text).map(|code| code.shown()).as_deref(), Some("WDJB-MJHT"), "{text:?}");
        }
    }

    #[test]
    fn other_letters_and_lengths_are_no_code() {
        for text in ["", "WDJB-MJH", "WDJB-MJHTB", "WDJB-MJHA", "WDJB-MJH1", "WDJB_MJHT", "\u{ff37}DJBMJHT"] {
            assert_eq!(UserCode::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_letter_is_equally_likely_and_no_vowel_occurs() {
        let mut counts = BTreeMap::new();
        for byte in 0..=u8::MAX {
            let mut is_first = true;
            let code = UserCode::mint(|bytes| bytes.fill(if std::mem::take(&mut is_first) { byte } else { 0 }));
            assert_eq!(UserCode::parse(&code.shown()), Some(code.clone()));
            if byte < 240 {
                *counts.entry(code.as_str().to_owned()).or_insert(0) += 1;
            } else {
                assert_eq!(code.as_str(), "BBBBBBBB", "a byte that would prefer a letter is left out");
            }
        }
        assert_eq!((counts.len(), counts.values().all(|count| *count == 12)), (20, true), "{counts:?}");
        assert!(!counts.keys().any(|code| code.contains(['A', 'E', 'I', 'O', 'U', 'Y'])), "{counts:?}");
    }
}
