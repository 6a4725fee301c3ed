//! The time of this machine and of the server. Code that prints or compares times takes a clock as an argument, so that
//! it can be tested.

use std::{
    cell::Cell,
    time::{SystemTime, UNIX_EPOCH},
};
use uptrakit_api::Timestamp;

/// The program warns about a difference between the two clocks if it is larger than this, in milliseconds.
const NOTABLE: i64 = 60_000;
const WEEK: i64 = 7 * 86_400_000;

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub fn now() -> Timestamp {
    millis(SystemTime::now())
}

pub fn millis(instant: SystemTime) -> Timestamp {
    let since = instant.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The server's clock, estimated from the `Date` headers of its answers. Before the first answer it equals this
/// machine's clock.
#[derive(Debug, Default)]
pub struct ServerClock {
    /// The lead of the server's clock over this machine's, in milliseconds; negative when it is behind.
    ahead: Cell<i64>,
    difference_is_told: Cell<bool>,
}

impl ServerClock {
    /// Adjusts the estimate by the `Date` header of an answer. `sent` and `received` are instants of this machine's
    /// clock.
    pub fn learn(&self, date: &str, sent: Timestamp, received: Timestamp) {
        let Ok(date) = httpdate::parse_http_date(date) else { return };
        // The header names a whole second, and the server may have written it at any moment between the two instants.
        let date = millis(date).0;
        let (least, most) = (date - received.0, date + 999 - sent.0);
        self.ahead.set(if least > 0 { least } else { most.min(0) });
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(now().0.saturating_add(self.ahead.get()))
    }

    /// Returns the lead of the server's clock in milliseconds, once per run and only if it is notable.
    pub fn tell_difference(&self) -> Option<i64> {
        let ahead = self.ahead.get();
        (ahead.abs() > NOTABLE && !self.difference_is_told.replace(true)).then_some(ahead)
    }

    pub fn is_soon(&self, instant: Timestamp) -> bool {
        (0..=WEEK).contains(&(instant.0 - self.now().0))
    }
}

#[cfg(test)]
mod tests {
    use super::ServerClock;
    use uptrakit_api::Timestamp;

    fn ahead(date: &str, sent: &str, received: &str) -> i64 {
        let instant = |time: &str| Timestamp::parse(&format!("2030-01-31T{time}Z")).unwrap();
        let clock = ServerClock::default();
        clock.learn(&format!("Thu, 31 Jan 2030 {date} GMT"), instant(sent), instant(received));
        clock.ahead.get()
    }

    #[test]
    fn a_slow_answer_is_no_difference_between_clocks() {
        assert_eq!(ahead("12:00:00", "12:00:00.900", "12:00:01.100"), 0);
        assert_eq!(ahead("12:00:20", "12:00:00", "12:00:30"), 0);
    }

    #[test]
    fn a_difference_is_the_least_that_explains_the_header() {
        assert_eq!(ahead("12:10:00", "12:00:00", "12:00:01"), 599_000);
        assert_eq!(ahead("11:50:00", "12:00:00", "12:00:01"), -599_001);
    }

    #[test]
    fn a_header_that_is_no_date_changes_nothing() {
        let clock = ServerClock::default();
        clock.learn("yesterday", Timestamp(0), Timestamp(0));
        assert_eq!(clock.tell_difference(), None);
    }

    #[test]
    fn a_difference_of_more_than_a_minute_is_told_once() {
        for (millis, told) in [(0, None), (60_000, None), (-60_001, Some(-60_001)), (600_000, Some(600_000))] {
            let clock = ServerClock::default();
            clock.ahead.set(millis);
            assert_eq!((clock.tell_difference(), clock.tell_difference()), (told, None));
        }
    }
}
