//! How names are compared. The server does so when it searches and tells names apart, and the command line when it finds
//! a token or a host by its name.

use crate::is_control;
use unicode_normalization::UnicodeNormalization as _;

/// Returns the form by which names are compared: Unicode lower case in NFC, without what readers don't see, the same on
/// every database and for every keyboard. A sigma at the end of a word is like every other one, because the end of a
/// search is not the end of a word.
#[must_use]
pub fn name_key(text: &str) -> String {
    let lower = text.nfc().flat_map(char::to_lowercase).map(|character| if character == 'ς' { 'σ' } else { character });
    // Lower-casing may decompose a composed letter, and so may the removal of a character between two parts of one.
    let lower: String = lower.filter(|character| is_space(*character) || !is_hidden(*character)).collect();
    single_spaced(lower.nfc())
}

/// Returns true for a character that is not shown, and that no database and no terminal takes for a command.
fn is_hidden(character: char) -> bool {
    is_invisible(character) && !is_control(character)
}

fn is_space(character: char) -> bool {
    character.is_whitespace() && !is_control(character)
}

/// Returns a text in which all that separates words is one space, without any at the ends.
#[must_use]
pub fn single_spaced(text: impl Iterator<Item = char>) -> String {
    let mut last = ' ';
    let spaced = text.map(|character| if is_space(character) { ' ' } else { character });
    let single = spaced.filter(|character| std::mem::replace(&mut last, *character) != ' ' || *character != ' ');
    let mut single: String = single.collect();
    single.truncate(single.trim_end_matches(' ').len());
    single
}

/// Returns true for a character that readers don't see: a name made of such characters alone would look empty.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{13430}'..='\u{13438}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
