//! Relative times, such as `3 min ago` or `in 12 d`. One unit is enough: JSON, pipes and `show` have the exact instant.

use uptrakit_api::Timestamp;

const UNITS: [(i64, &str); 5] = [(365 * 86_400, "y"), (30 * 86_400, "mo"), (86_400, "d"), (3_600, "h"), (60, "min")];

pub fn relative(instant: Timestamp, now: Timestamp) -> String {
    let seconds = (instant.0 - now.0) / 1_000;
    if seconds.abs() < 5 {
        return "now".to_owned();
    }
    let length = length(seconds.abs());
    if seconds < 0 { format!("{length} ago") } else { format!("in {length}") }
}

pub fn length(seconds: i64) -> String {
    // A unit applies from 95 % of it, and the count is rounded: a token for three days must show "in 3 d", not "in 2
    // d", a second after it was created.
    let reaches = |unit: i64| seconds * 20 >= unit * 19;
    match UNITS.iter().find(|(unit, _)| reaches(*unit)) {
        Some((unit, name)) => format!("{} {name}", (seconds + unit / 2) / unit),
        None => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::relative;
    use uptrakit_api::Timestamp;

    #[test]
    fn one_unit_says_it() {
        let now = Timestamp::parse("2030-01-31T12:00:00Z").unwrap();
        for (text, expected) in [
            ("2030-01-31T12:00:02Z", "now"),
            ("2030-01-31T11:59:20Z", "40 s ago"),
            ("2030-01-31T11:57:00Z", "3 min ago"),
            ("2030-01-31T09:20:01Z", "3 h ago"),
            ("2030-02-01T11:59:58Z", "in 1 d"),
            ("2030-02-03T11:59:58Z", "in 3 d"),
            ("2030-01-01T12:00:00Z", "1 mo ago"),
            ("2030-02-03T12:00:00Z", "in 3 d"),
            ("2032-01-31T12:00:00Z", "in 2 y"),
        ] {
            assert_eq!(relative(Timestamp::parse(text).unwrap(), now), expected, "{text}");
        }
    }
}
