//! Makes text from clients safe for the log.

use uptrakit_api::is_control;

use crate::text::holds_token;

const LONGEST_LOGGED: usize = 100;

/// Returns a client's text for the log: short, without characters that control a terminal, and without tokens.
#[must_use]
pub fn loggable(text: &str) -> String {
    if holds_token(text) {
        return "(an API token)".to_owned();
    }
    text.chars()
        .take(LONGEST_LOGGED)
        .map(|character| if is_control(character) { '\u{fffd}' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::loggable;

    #[test]
    fn a_line_of_the_log_is_neither_forged_nor_flooded_by_a_client_and_keeps_no_token() {
        assert_eq!(loggable("ada@example.org"), "ada@example.org");
        assert_eq!(loggable("a\nb\u{1b}[2K\u{202e}c"), "a\u{fffd}b\u{fffd}[2K\u{fffd}c");
        assert_eq!(loggable("upk_0000000000000000000000000000003aIdS3"), "(an API token)");
        assert_eq!(loggable(&"x".repeat(9_999)).len(), 100);
    }
}
