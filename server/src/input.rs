//! Reads a secret from a file or standard input. Editors and shells end the line, and that end is no part of the secret.

use uptrakit_api::encoding::{self, EncodingError};

pub fn decode_secret(bytes: &[u8]) -> Result<&str, EncodingError> {
    let text = encoding::decode(bytes)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(text.strip_suffix('\r').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::decode_secret;

    #[test]
    fn a_mark_and_one_line_end_are_no_part_of_a_secret() {
        for (text, secret) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("\u{feff}a\r\n", "a"),
            ("a", "a"),
            ("a\n\n", "a\n"),
            (" a ", " a "),
            ("", ""),
        ] {
            assert_eq!(decode_secret(text.as_bytes()), Ok(secret));
        }
    }
}
