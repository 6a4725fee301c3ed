//! Parses tokens as people paste them, and makes foreign text harmless for a terminal. What is wrong with a token is
//! named, and the token itself is never shown.

use crate::failure::{Exit, Failure};
use uptrakit_api::{TokenSecret, Wrappings};

const MARK: &str = "\u{feff}";
const FORM: &str = "a token is upk_ and 36 letters and digits, the last six of which are a checksum of the others";

/// A prefix with fewer characters behind it is that of a hint, or was copied twice.
const LEAST_CHARACTERS: usize = 8;

/// Replaces every character of a foreign text that could move the cursor, change colours or turn the line around.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if uptrakit_api::is_control(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Parses a token. `what` begins the sentence that says what is wrong with it; the secret itself is never shown.
pub fn token(text: &str, what: &str) -> Result<TokenSecret, Failure> {
    let text = text.strip_prefix(MARK).unwrap_or(text).trim();
    TokenSecret::parse(text).map_err(|_| {
        if text.is_empty() {
            return Failure::new(Exit::Refused, format!("{what} is empty"))
                .hint("give a token, from upk_ to its last character");
        }
        if tokens(text) > 1 {
            return Failure::new(Exit::Refused, format!("{what} is more than one token"))
                .hint("give one token alone; none of them was sent anywhere");
        }
        let failure = Failure::new(Exit::Refused, format!("{what} is no Uptrakit API token"));
        let (rest, wrappings) = Wrappings::remove(text);
        if !wrappings.are_there() {
            return failure.caused_by(FORM).hint("copy it again, whole; it was not sent anywhere");
        }
        let mut cause = format!("it {wrappings}");
        if TokenSecret::parse(rest).is_err() {
            cause.push_str("; what is left without that is no token either: ");
            cause.push_str(FORM);
        }
        failure.caused_by(cause).hint("give the token alone, from upk_ to its last character; it was not sent anywhere")
    })
}

/// Counts what looks like a token, valid or not. No part of a token but its prefix has an underscore.
fn tokens(text: &str) -> usize {
    let rests = text.split(TokenSecret::PREFIX).skip(1);
    rests.filter(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).count() >= LEAST_CHARACTERS).count()
}

#[cfg(test)]
mod tests {
    use super::{printable, token};
    use crate::failure::Exit;
    use uptrakit_api::encoding;

    const TOKEN: &str = "upk_0000000000000000000000000000003aIdS3";

    #[test]
    fn text_from_elsewhere_can_not_drive_the_terminal() {
        assert_eq!(printable("a\u{2028}b\u{feff}c\u{61c}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\nd\u{9b}e ü"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}e ü");
    }

    #[test]
    fn a_mark_and_crlf_are_passed_over() {
        for text in [format!("\u{feff}{TOKEN}\r\n"), format!("{TOKEN}\r\n"), format!("\u{feff}{TOKEN}")] {
            let decoded = encoding::decode(text.as_bytes()).unwrap();
            assert_eq!(token(decoded, "it").unwrap().expose(), TOKEN, "{text:?}");
            // The value of a variable is not decoded before it is parsed.
            assert_eq!(token(&text, "it").unwrap().expose(), TOKEN, "{text:?}");
        }
    }

    #[test]
    fn nothing_and_several_tokens_are_named_as_such() {
        let message = |text: &str| {
            let failure = token(text, "the token").err().unwrap();
            assert!(!format!("{failure:?}").contains("3aIdS3"), "{failure:?}");
            failure.message
        };
        for text in ["", " ", "\u{feff}\r\n"] {
            assert_eq!(message(text), "the token is empty", "{text:?}");
        }
        let mistyped = TOKEN.replace("3aIdS3", "3aIdS4");
        for text in [
            format!("{TOKEN}\n{TOKEN}\n"),
            format!("{TOKEN} {mistyped}"),
            format!("{TOKEN}{TOKEN}"),
            format!("UPTRAKIT_TOKEN={mistyped},\"{mistyped}\""),
        ] {
            assert_eq!(message(&text), "the token is more than one token", "{text:?}");
        }
        for text in [format!("upk_{TOKEN}"), format!("{TOKEN} upk_0000…IdS3"), mistyped] {
            assert_eq!(message(&text), "the token is no Uptrakit API token", "{text:?}");
        }
    }

    #[test]
    fn what_was_copied_along_with_a_token_is_named_and_the_token_is_not_shown() {
        for (text, expected) in [
            (format!("\"{TOKEN}\""), "it has quotes around it"),
            (format!("'{TOKEN}'"), "it has quotes around it"),
            (format!("\u{201c}{TOKEN}\u{201d}"), "it has quotes around it"),
            (format!("Bearer {TOKEN}"), "it begins with `Bearer`"),
            (format!("bearer  {TOKEN}"), "it begins with `Bearer`"),
            (format!("UPTRAKIT_TOKEN={TOKEN}"), "it begins with `UPTRAKIT_TOKEN=`"),
            (
                format!("export UPTRAKIT_TOKEN=\"{TOKEN}\""),
                "it begins with `export`, and then begins with `UPTRAKIT_TOKEN=`, and then has quotes around it",
            ),
            (
                format!("Authorization: Bearer {TOKEN}"),
                "it begins with `Authorization:`, and then begins with `Bearer`",
            ),
        ] {
            let failure = token(&text, "the token").err().unwrap();
            assert_eq!((failure.exit, failure.cause.as_deref()), (Exit::Refused, Some(expected)), "{text:?}");
            assert!(!format!("{failure:?}").contains("3aIdS3"), "{failure:?}");
        }
        let cause = |text: &str| token(text, "the token").err().unwrap().cause.unwrap();
        assert!(cause("Bearer correct horse").starts_with("it begins with `Bearer`; what is left without that is no"));
        assert!(cause("correct horse").starts_with("a token is upk_"));
    }
}
