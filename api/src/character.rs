//! Control characters of text. Names must not contain them, and the command line must not write them to a terminal.

/// Returns true for a character that moves, hides or breaks the text around it: a control character, a mark that
/// changes the direction of writing (Unicode, UAX 9), a line or paragraph separator, or the byte order mark.
#[must_use]
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
