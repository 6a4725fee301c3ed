//! Durations as people type them, such as `30s`, `1h30m` or `90d`. There are no months and years, because their lengths
//! vary.

use std::time::Duration;

/// Parses a duration: numbers with `ms`, `s`, `m`, `h`, `d` or `w` behind each. A number alone is in seconds.
///
/// The error is the end of a sentence that begins with the text.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a duration such as 30s, 12h or 90d".to_owned();
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()));
    }
    let mut sum = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let one = match unit {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            "d" => Duration::from_hours(24),
            "w" => Duration::from_hours(7 * 24),
            _ => return Err(wrong()),
        };
        sum = one.checked_mul(number).and_then(|part| sum.checked_add(part)).ok_or_else(wrong)?;
        rest = behind;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(sum) }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn what_people_type_is_read() {
        for (text, seconds) in
            [("0", 0), ("90", 90), ("30s", 30), ("1h30m", 5_400), ("90d", 7_776_000), ("2w", 1_209_600), (" 1m ", 60)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", " ", "s", "1y", "-1h", "1.5h", "1 h", "99999999999999999999d", "1h30", "ü"] {
            assert!(parse(text).is_err(), "{text:?} was read");
        }
    }
}
