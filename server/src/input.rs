//! Decodes text from files and standard input, as the editors and shells of all systems write it. A byte order mark in
//! front and CRLF at the end are skipped; UTF-16 is rejected by name.

/// Decodes bytes and skips a byte order mark. The error is the end of a sentence that begins with the source of the
/// bytes.
pub fn decode(bytes: &[u8]) -> Result<&str, &'static str> {
    let is_wide = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        // UTF-16 without a mark is recognised by an ASCII character at the beginning.
        || (bytes.len().is_multiple_of(2) && matches!(bytes, [first, second, ..] if (*first == 0) != (*second == 0)));
    if is_wide {
        return Err("is in UTF-16, and must be in UTF-8; PowerShell writes that with `-Encoding utf8`");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "is no text in UTF-8")?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

#[must_use]
pub fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{decode, without_line_end};

    #[test]
    fn marks_are_passed_over_and_other_encodings_are_named() {
        for text in ["größe", "\u{feff}größe"] {
            assert_eq!(decode(text.as_bytes()), Ok("größe"));
        }
        assert_eq!(decode(b""), Ok(""));
        for text in ["\u{feff}secret\r\n", "secret"] {
            let wide: Vec<u16> = text.encode_utf16().collect();
            for bytes in [
                wide.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>(),
                wide.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            ] {
                assert!(decode(&bytes).unwrap_err().starts_with("is in UTF-16"), "{bytes:?}");
            }
        }
        assert_eq!(decode(b"gr\xf6\xdfe"), Err("is no text in UTF-8"));
    }

    #[test]
    fn one_line_end_is_no_part_of_the_text() {
        for (text, line) in [("a\n", "a"), ("a\r\n", "a"), ("a", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("", "")] {
            assert_eq!(without_line_end(text), line);
        }
    }
}
