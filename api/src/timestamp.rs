//! Instants on the wire: RFC 3339 in UTC with milliseconds. Reading and writing are implemented here because every
//! browser downloads this crate, and a calendar library would be larger than the page.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant, in RFC 3339 with milliseconds and in UTC. Example: `2030-01-31T12:00:00.000Z`. The value in Rust counts
/// milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
pub struct Timestamp(pub i64);

/// The text is not an RFC 3339 instant with `Z` or an offset, in the years 0000 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 instant with `Z` or an offset, such as 2030-01-31T12:00:00Z")]
pub struct InvalidTimestamp;

const SECOND: i64 = 1_000;
const DAY: i64 = 86_400 * SECOND;

impl Timestamp {
    /// The latest instant that RFC 3339 can write: 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// Reads RFC 3339 text. Digits after the millisecond are cut off, and a leap second counts as the second before it.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let (date, rest) = text.split_at_checked(10).ok_or(InvalidTimestamp)?;
        let rest = rest.strip_prefix(['T', 't', ' ']).ok_or(InvalidTimestamp)?;
        let (time, rest) = rest.split_at_checked(8).ok_or(InvalidTimestamp)?;
        let [year, month, day] = fields(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
        let (millis, offset) = match rest.strip_prefix('.') {
            Some(rest) => fraction(rest)?,
            None => (0, rest),
        };
        let in_range = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !in_range {
            return Err(InvalidTimestamp);
        }
        let seconds = hour * 3_600 + minute * 60 + second.min(59) - offset_seconds(offset)?;
        let instant = Self(days_from_civil(year, month, day) * DAY + seconds * SECOND + millis);
        if (Self(-62_167_219_200_000)..=Self::MAX).contains(&instant) { Ok(instant) } else { Err(InvalidTimestamp) }
    }

    /// Returns this instant plus a number of milliseconds, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis)).min(Self::MAX)
    }

    /// Returns the number of milliseconds from `earlier` to this instant; it is negative where this one came first.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let millis = self.0.rem_euclid(DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            millis / 3_600_000,
            millis / 60_000 % 60,
            millis / SECOND % 60,
            millis % SECOND
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn fields(text: &str, separator: char, widths: [usize; 3]) -> Result<[i64; 3], InvalidTimestamp> {
    let mut parts = text.split(separator);
    let mut out = [0; 3];
    for (slot, width) in out.iter_mut().zip(widths) {
        let part = parts.next().ok_or(InvalidTimestamp)?;
        *slot = digits(part, width)?;
    }
    if parts.next().is_some() { Err(InvalidTimestamp) } else { Ok(out) }
}

fn digits(text: &str, width: usize) -> Result<i64, InvalidTimestamp> {
    if text.len() != width || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidTimestamp);
    }
    text.parse().map_err(|_| InvalidTimestamp)
}

/// Returns the milliseconds that the leading digits of a fraction mean, and the text after these digits.
fn fraction(text: &str) -> Result<(i64, &str), InvalidTimestamp> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).ok_or(InvalidTimestamp)?;
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Err(InvalidTimestamp);
    }
    let millis = digits.bytes().chain(*b"00").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Ok((millis, rest))
}

fn offset_seconds(text: &str) -> Result<i64, InvalidTimestamp> {
    if matches!(text, "Z" | "z") {
        return Ok(0);
    }
    let (sign, rest) = match text.as_bytes().first() {
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        _ => return Err(InvalidTimestamp),
    };
    let (hours, minutes) = rest.split_once(':').ok_or(InvalidTimestamp)?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    if hours < 24 && minutes < 60 { Ok(sign * (hours * 3_600 + minutes * 60)) } else { Err(InvalidTimestamp) }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days since 1970-01-01 in the proleptic Gregorian calendar. The year is counted from March, which puts
/// the leap day last, and 400 years always have 146 097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns year, month and day: the inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::Timestamp;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn writes_what_a_calendar_library_writes(millis in -62_167_219_200_000..=Timestamp::MAX.0) {
            let theirs = jiff::Timestamp::from_millisecond(millis);
            prop_assume!(theirs.is_ok());
            let text = Timestamp(millis).to_string();
            prop_assert_eq!(text.parse::<jiff::Timestamp>().unwrap().as_millisecond(), millis);
            prop_assert_eq!(Timestamp::parse(&text), Ok(Timestamp(millis)));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC*") {
            let _ = Timestamp::parse(&text);
        }
    }

    #[test]
    fn offsets_are_taken_off() {
        let expected = Timestamp::parse("2030-01-31T10:30:00Z");
        assert_eq!(Timestamp::parse("2030-01-31T12:00:00+01:30"), expected);
        assert_eq!(Timestamp::parse("2030-01-31T05:30:00.000999-05:00"), expected);
        assert_eq!(expected.unwrap().to_string(), "2030-01-31T10:30:00.000Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2030-01-31",
            "2030-01-31T12:00:00",
            "2030-02-30T12:00:00Z",
            "2030-13-01T12:00:00Z",
            "2030-01-31T24:00:00Z",
            "2030-01-31T12:00:00.Z",
            "2030-01-31T12:00:00+1:00",
            "2030-01-31T12:00:00Zx",
            "+2030-01-31T12:00:00Z",
            "2030-1-31T12:00:000Z",
            "９999-01-31T12:00:00Z",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text:?} was read");
        }
    }
}
