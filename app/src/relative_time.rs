//! How far away an instant is, in the unit that people would say it in. The browser's `Intl` puts it into words.

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Returns the milliseconds by which the clock that said so is ahead of the one that measured the question and its
/// answer. It says whole seconds. An answer that was long on its way tells too little.
pub fn between(said: i64, asked: i64, answered: i64) -> Option<i64> {
    let way = answered - asked;
    (0..20 * SECOND).contains(&way).then(|| said + SECOND / 2 - (asked + way / 2))
}

/// A signed number of units, and the unit's name in `Intl.RelativeTimeFormat`. Negative is the past.
pub fn relative_time(millis: i64) -> (i32, &'static str) {
    let size = millis.abs();
    // Below three quarters of a minute a page that ticks twice a minute could only be wrong.
    let (unit, name) = match size {
        _ if size < 45 * SECOND => return (0, "second"),
        _ if size < 45 * MINUTE => (MINUTE, "minute"),
        _ if size < 22 * HOUR => (HOUR, "hour"),
        _ if size < 45 * DAY => (DAY, "day"),
        _ if size < 345 * DAY => (30 * DAY, "month"),
        _ => (365 * DAY, "year"),
    };
    let count = ((size + unit / 2) / unit).max(1);
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    (if millis < 0 { -count } else { count }, name)
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, MINUTE, SECOND, between, relative_time};

    #[test]
    fn the_unit_fits_the_distance() {
        for (millis, expected) in [
            (0, (0, "second")),
            (-44 * SECOND, (0, "second")),
            (-45 * SECOND, (-1, "minute")),
            (3 * MINUTE, (3, "minute")),
            (-50 * MINUTE, (-1, "hour")),
            (-HOUR * 21, (-21, "hour")),
            (23 * HOUR, (1, "day")),
            (90 * DAY, (3, "month")),
            (365 * DAY, (1, "year")),
        ] {
            assert_eq!(relative_time(millis), expected, "{millis}");
        }
    }

    #[test]
    fn two_clocks_are_compared_at_the_middle_of_the_way() {
        assert_eq!(between(10 * MINUTE, 0, 0), Some(10 * MINUTE + 500));
        assert_eq!(between(10_000, 10_400, 10_600), Some(0));
        assert_eq!(between(0, 5 * MINUTE + 500, 5 * MINUTE + 500), Some(-5 * MINUTE));
        assert_eq!(between(0, 0, MINUTE), None, "the way took too long");
        assert_eq!(between(0, MINUTE, 0), None, "the clock was set meanwhile");
    }

    #[test]
    fn no_distance_is_too_far() {
        assert_eq!(relative_time(i64::MAX / 2).1, "year");
        assert_eq!(relative_time(-i64::MAX / 2).1, "year");
    }
}
