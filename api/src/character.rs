//! Characters that do something to a line of text instead of standing in it: a name must not have them, and a terminal
//! must not get them.

/// Whether it moves, hides or breaks what stands around it: a control character, a mark that turns the direction of
/// writing (Unicode, UAX 9), a separator of lines, or the byte order mark.
#[must_use]
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
