//! Decodes text from files and standard input, as the editors and shells of all systems write it. The server and the
//! command line accept a byte order mark, and name UTF-16 and UTF-32, which PowerShell writes.

const MARK: &str = "\u{feff}";

/// Why bytes are not decoded. `Display` writes the end of a sentence that begins with the origin of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// The text is in UTF-16, with or without a byte order mark.
    #[error("is in UTF-16, and must be in UTF-8; PowerShell writes that with `-Encoding utf8`")]
    Utf16,
    /// The text is in UTF-32, with or without a byte order mark.
    #[error("is in UTF-32, and must be in UTF-8; PowerShell writes that with `-Encoding utf8`")]
    Utf32,
    /// The bytes are in another encoding, or are no text.
    #[error("is no text in UTF-8")]
    Unknown,
}

/// Removes the byte order mark of UTF-8 from bytes that need not be UTF-8 themselves, such as a file of certificates.
///
/// # Errors
/// The bytes begin as text in UTF-16 or UTF-32 does.
pub fn without_mark(bytes: &[u8]) -> Result<&[u8], EncodingError> {
    // The mark of UTF-32 begins with that of UTF-16. Text without a mark is recognised if it begins with an ASCII
    // character.
    let is_wider = matches!(bytes, [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..])
        || (bytes.len().is_multiple_of(4) && matches!(bytes, [one, 0, 0, 0, ..] | [0, 0, 0, one, ..] if *one != 0));
    if is_wider {
        return Err(EncodingError::Utf32);
    }
    let is_wide = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        || (bytes.len().is_multiple_of(2) && matches!(bytes, [first, second, ..] if (*first == 0) != (*second == 0)));
    if is_wide {
        return Err(EncodingError::Utf16);
    }
    Ok(bytes.strip_prefix(MARK.as_bytes()).unwrap_or(bytes))
}

/// Decodes UTF-8 without its byte order mark.
///
/// # Errors
/// The bytes are no text in UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, EncodingError> {
    std::str::from_utf8(without_mark(bytes)?).map_err(|_| EncodingError::Unknown)
}

#[cfg(test)]
mod tests {
    use super::{EncodingError, decode, without_mark};

    const TEXTS: [&str; 2] = ["\u{feff}secret\r\n", "secret"];

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        for text in ["größe", "\u{feff}größe"] {
            assert_eq!(decode(text.as_bytes()), Ok("größe"));
        }
        for text in ["", "a", "ab", "ü", "abcd", "a\r\n"] {
            assert_eq!(decode(text.as_bytes()), Ok(text));
        }
        assert_eq!(without_mark(b"\xef\xbb\xbfa\xff"), Ok(&b"a\xff"[..]));
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_refused() {
        assert_eq!(decode(b"gr\xf6\xdfe"), Err(EncodingError::Unknown));
        assert_eq!(EncodingError::Unknown.to_string(), "is no text in UTF-8");
    }

    #[test]
    fn utf_16_is_named() {
        for text in TEXTS {
            let little: Vec<_> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<_> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for bytes in [little, big] {
                assert_eq!(decode(&bytes), Err(EncodingError::Utf16), "{bytes:?}");
            }
        }
        assert!(EncodingError::Utf16.to_string().starts_with("is in UTF-16, and must be in UTF-8; "));
    }

    #[test]
    fn utf_32_is_not_called_utf_16() {
        for text in TEXTS.into_iter().chain(["\u{feff}"]) {
            let little: Vec<_> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
            let big: Vec<_> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
            for bytes in [little, big] {
                assert_eq!(decode(&bytes), Err(EncodingError::Utf32), "{bytes:?}");
            }
        }
        assert!(EncodingError::Utf32.to_string().starts_with("is in UTF-32, and must be in UTF-8; "));
    }
}
