//! The names of applications, which anybody may choose: what people see of them, and which of them pretend to be
//! Uptrakit's own.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use uptrakit_api::{is_control, is_invisible};

use crate::text::holds_token;

const LONGEST: usize = 64;
const OWN: &str = "uptrakit";

/// Letters that look like those of our name, with accents and forms of presentation taken off already.
const HOMOGLYPHS: [(char, &str); 7] = [
    ('u', "υսʋᴜцμ"),
    ('p', "рρᴘƿþ"),
    ('t', "тτᴛ7+†"),
    ('r', "гᴦʀɾя"),
    ('a', "аαɑᴀ4@"),
    ('k', "кκᴋĸ"),
    ('i', "іιıɩɪӏl1|!"),
];

/// Returns the name as people see it: without characters that control a terminal, hide or change the direction of
/// writing, with single spaces, and cut. The result is `None` where nothing of it can be seen, or it holds a token.
#[must_use]
pub fn clean(name: &str) -> Option<String> {
    let seen = |character: &char| !is_control(*character) && (*character == ' ' || !is_invisible(*character));
    let spaced: String = name.nfc().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(seen).collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let cleaned: String = words.join(" ").chars().take(LONGEST).collect();
    let cleaned = cleaned.trim_end();
    (!cleaned.is_empty() && !holds_token(cleaned)).then(|| cleaned.to_owned())
}

#[must_use]
pub fn looks_like_ours(name: &str) -> bool {
    let letters: String = name
        .nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_lowercase)
        .map(plain)
        .filter(|character| character.is_alphanumeric())
        .collect();
    letters.replace("ck", "k").contains(OWN)
}

fn plain(character: char) -> char {
    let letter = HOMOGLYPHS.iter().find(|(_, alike)| alike.contains(character));
    letter.map_or(character, |(letter, _)| *letter)
}

#[cfg(test)]
mod tests {
    use super::{clean, looks_like_ours};

    #[test]
    fn a_name_is_cleaned_of_control_and_bidi_characters() {
        assert_eq!(clean("Claude\u{202e} Code\u{0}\u{1b}[31m").as_deref(), Some("Claude Code[31m"));
        assert_eq!(clean("  My\n\tclient\u{a0} ").as_deref(), Some("My client"));
        assert_eq!(clean("Zu\u{308}rich\u{200b}").as_deref(), Some("Z\u{fc}rich"));
        assert_eq!(clean("<b>Bold</b>").as_deref(), Some("<b>Bold</b>"), "the page shows text as text");
    }

    #[test]
    fn a_name_of_which_nothing_is_seen_is_none() {
        for name in ["", "  ", "\u{200b}\u{2060}", "\u{202e}\u{202c}", "\u{3164}"] {
            assert_eq!(clean(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_token_is_no_name_of_an_application() {
        assert_eq!(clean("by upk_0000000000000000000000000000003aIdS3"), None);
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(clean(&"\u{e9}".repeat(300)).map(|name| name.chars().count()), Some(64));
        assert_eq!(clean(&format!("{} b", "a".repeat(63))), Some("a".repeat(63)));
    }

    #[test]
    fn a_name_that_looks_like_our_own_is_marked() {
        for name in [
            "Uptrakit",
            "UPTRAKIT command line",
            "uptrakit-cli",
            "Up Trakit",
            "U.p.t.r.a.k.i.t",
            "Uptrackit",
            "Official \u{fc}ptr\u{e1}kit app",
            "Uptr\u{430}kit",
            "U\u{440}tr\u{430}k\u{456}t",
            "U\u{420}\u{422}R\u{410}\u{41a}IT",
            "Uptraklt",
            "Uptrak1t",
            "UPTRAKlT",
            "\u{1d414}\u{1d429}\u{1d42d}\u{1d42b}\u{1d41a}\u{1d424}\u{1d422}\u{1d42d}",
            "\u{ff35}ptrakit",
            "Up\u{200b}trakit",
            "Uptr@kit",
        ] {
            assert!(looks_like_ours(name), "{name}");
        }
    }

    #[test]
    fn other_names_are_not_marked() {
        for name in ["Claude Code", "Cursor", "Visual Studio Code", "Up to date", "Track it", "MCP Inspector", ""] {
            assert!(!looks_like_ours(name), "{name}");
        }
    }
}
