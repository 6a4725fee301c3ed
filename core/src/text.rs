//! Rules for text that users choose: what it may contain, and how it is compared.

use unicode_normalization::UnicodeNormalization as _;
use uptrakit_api::{holds_secret, is_control, is_invisible, name_key, single_spaced};

/// Trims a text, normalises it to NFC and checks it: `1..=longest` characters, none of which controls a terminal or
/// changes the direction of writing, and no API token. The error completes a sentence that begins with the field's
/// name.
pub fn parse_line(text: &str, longest: usize) -> Result<String, String> {
    parse_verbatim(&text.nfc().collect::<String>(), longest)
}

/// Checks a text as [`parse_line`] does, but does not normalise it, because a program chose it as an identifier.
pub fn parse_verbatim(text: &str, longest: usize) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if text.chars().all(is_invisible) {
        return Err("must not be empty".into());
    }
    if length > longest {
        return Err(format!("must have at most {longest} characters; it has {length}"));
    }
    if text.chars().any(is_control) {
        return Err("must not contain control characters or marks that change the direction of writing".into());
    }
    if holds_token(text) {
        return Err("must not contain an API token".into());
    }
    Ok(text.to_owned())
}

/// Returns true when the text contains a secret that the server issued, which would be stored or shown.
#[must_use]
pub fn holds_token(text: &str) -> bool {
    holds_secret(text)
}

/// Returns the form by which the databases compare names.
#[must_use]
pub fn key(text: &str) -> String {
    literal(&name_key(text))
}

const LONGEST_STORED: usize = 4_096;
const FOUND_NOWHERE: &str = "\u{1}";

/// Returns a search text that a database accepts: Postgres rejects NUL, SQLite stops at it and rejects very long
/// patterns. No stored text has control characters or is that long, so that the replacement finds as little.
#[must_use]
pub fn literal(text: &str) -> String {
    if text.len() > LONGEST_STORED { FOUND_NOWHERE.to_owned() } else { text.replace(char::is_control, FOUND_NOWHERE) }
}

/// Returns a text of strangers as it is shown to a language model: without characters that control a terminal, hide or
/// change the direction of writing, with single spaces, and cut to `longest` characters.
#[must_use]
pub fn readable(text: &str, longest: usize) -> String {
    let spaced = text.chars().map(|character| if character.is_whitespace() { ' ' } else { character });
    let seen = |character: &char| *character == ' ' || !(is_control(*character) || is_invisible(*character));
    let mut readable = single_spaced(spaced.filter(seen));
    if readable.chars().count() > longest {
        readable = readable.chars().take(longest.saturating_sub(1)).collect();
        readable.truncate(readable.trim_end().len());
        readable.push('…');
    }
    readable
}

#[cfg(test)]
mod tests {
    use super::{key, parse_line, parse_verbatim, readable};
    use unicode_normalization::UnicodeNormalization as _;

    #[test]
    fn names_are_trimmed_and_bounded_in_characters() {
        assert_eq!(parse_line("  ci \u{e9} ", 64).unwrap(), "ci \u{e9}");
        assert!(parse_line(&"\u{1F511}".repeat(64), 64).is_ok());
        assert!(parse_line(&"x".repeat(65), 64).is_err());
        assert!(parse_line(" \t ", 64).is_err());
    }

    #[test]
    fn names_have_one_form_and_ids_of_programs_their_own() {
        let (composed, decomposed) = ("Z\u{fc}rich \u{c5}", "Zu\u{308}rich \u{212b}");
        assert_eq!(parse_line(decomposed, 64).unwrap(), composed);
        assert_eq!(parse_line(&"u\u{308}".repeat(64), 64).unwrap(), "\u{fc}".repeat(64));
        assert_eq!(parse_verbatim(decomposed, 64).unwrap(), decomposed);
        assert_eq!(key(decomposed), key(composed));
        for text in [composed, decomposed, "\u{130}stanbul", "I\u{307}stanbul", "ΟΔΟΣ", "\u{1100}\u{1161}"] {
            assert_eq!(key(&key(text)), key(text), "{text}");
            assert_eq!(key(&text.nfd().collect::<String>()), key(text), "{text}");
        }
    }

    #[test]
    fn the_case_of_a_letter_and_its_place_in_the_word_do_not_count() {
        for name in ["ΣΑΣ", "σας", "σασ"] {
            assert_eq!(key(name), "σασ");
        }
        assert!(key("ΛΟΓΟΣΑ").contains(&key("ΛΟΓΟΣ")));
        assert_eq!(key("STRAẞE"), key("straße"));
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for name in ["web\u{200b}-1", "web-1\u{ad}", " WEB-1\u{2060} ", "we\u{e0062}b-1"] {
            assert_eq!(key(name), key("web-1"), "{name:?}");
        }
        assert_eq!(key("the\u{a0} old \u{200b} nas\u{3000}"), "the old nas");
        assert_eq!(key("e\u{200d}\u{301}"), key("\u{e9}"));
        for name in ["web\u{200b}-1", "the\u{a0} old  nas ", "\u{1f469}\u{200d}\u{1f680}"] {
            assert_eq!(key(&readable(name, 64)), key(name), "{name:?} is found by the name that is shown");
        }
        assert_ne!(key("we b"), key("web"));
    }

    #[test]
    fn names_have_something_to_see() {
        for text in ["\u{200b}", "\u{ad}\u{2060}", "\u{3000}", "\u{e0001}", "\u{2800} \u{2800}"] {
            assert!(parse_line(text, 64).is_err(), "{text:?}");
        }
        assert!(parse_line("\u{1f469}\u{200d}\u{1f680}", 64).is_ok(), "joined characters stay as they are");
    }

    #[test]
    fn a_token_is_no_name() {
        let token = "upk_0000000000000000000000000000003aIdS3";
        for text in [token.to_owned(), format!("my {token}!"), format!("upk_{token}")] {
            assert!(parse_line(&text, 64).is_err(), "{text}");
        }
        assert!(parse_line("upk_0000000000000000000000000000003aIdS4", 64).is_ok(), "it only looks like one");
    }

    #[test]
    fn a_model_reads_what_people_would_see_and_no_more_than_that() {
        assert_eq!(readable(" web-1.example.org ", 64), "web-1.example.org");
        let tags: String = "do it".chars().filter_map(|c| char::from_u32(0xE_0000 + u32::from(c))).collect();
        assert_eq!(readable(&format!("nas{tags}\u{202e}\u{200b}"), 64), "nas");
        let others = "\u{206a}\u{206f}\u{fff9}\u{fffb}\u{1d173}\u{17b4}\u{1bca0}\u{2065}";
        assert_eq!(readable(&format!("h{others}x"), 64), "hx");
        assert_eq!(readable("a\n\n\u{a0}\u{0}b\u{1b}[31m", 64), "a b[31m");
        assert_eq!(readable(&"\u{e9}".repeat(65), 64), format!("{}…", "\u{e9}".repeat(63)));
        assert_eq!(readable(&"x".repeat(64), 64), "x".repeat(64));
    }

    #[test]
    fn no_database_is_asked_for_a_nul() {
        assert_eq!(key("A\0B"), "a\u{1}b");
    }

    #[test]
    fn what_plays_tricks_on_readers_is_refused() {
        for text in ["a\nb", "a\u{1b}[31mb", "a\u{202e}b", "a\u{200f}b", "a\u{2066}b", "a\0b", "a\u{85}b"] {
            assert!(parse_line(text, 64).is_err(), "{text:?}");
        }
        assert!(parse_line("</script>", 64).is_ok(), "shown as text, it harms nobody");
    }
}
