//! Time and randomness. A [`Clock`] is passed as an argument so that tests can control it; no other code reads the
//! system's clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use uptrakit_api::Timestamp;
use uuid::Uuid;

/// The clocks of servers on one database may differ by this much: a minute.
pub const SKEW_MILLIS: i64 = 60_000;

/// Returns the latest instant that a stored timestamp may have and still be trusted. A later one was written while a
/// clock was wrong; it counts as unknown and is replaced by the next known one.
#[must_use]
pub fn horizon(now: Timestamp) -> Timestamp {
    now.plus_millis(SKEW_MILLIS)
}

/// Returns true when something is over that lasts for `lifetime_millis` and ends at `end`. What ends later than a clock
/// that is right can have said was made while a clock was ahead, and is over too.
#[must_use]
pub fn is_over(end: Timestamp, lifetime_millis: i64, now: Timestamp) -> bool {
    now >= end || end > horizon(now).plus_millis(lifetime_millis)
}

#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// A clock that stands still until it is set, in milliseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }

    /// Returns when the clock has reached `instant`, at most a second later. The clock is polled, because setting it
    /// wakes no waiting task: a device without a clock of its own gets the time after the start, and a virtual machine
    /// that was paused gets it when it goes on.
    pub async fn sleep_until(&self, instant: Timestamp) {
        loop {
            let left = instant.0 - self.now().0;
            if left <= 0 {
                return;
            }
            let longest = if matches!(self, Self::Manual(_)) { 10 } else { 1_000 };
            tokio::time::sleep(Duration::from_millis(left.min(longest).unsigned_abs())).await;
        }
    }
}

/// Fills the buffer with random bytes from the operating system.
///
/// # Panics
/// The function panics when the system has no source of randomness: nothing that needs a secret may continue then.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has a source of randomness");
}

/// Returns a new id, a UUID of version 7 (RFC 9562); such ids sort by time.
#[must_use]
pub fn new_id<Id: From<Uuid>>(now: Timestamp) -> Id {
    let mut random = [0; 10];
    fill_random(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.0.unsigned_abs(), &random).into_uuid().into()
}

/// Returns true for a text in the form of an id that this server makes. Such a text names nothing else: what it named may
/// be gone, and must not be taken for what somebody has since called by it. An id of a machine may be a UUID as well,
/// but not of version 7.
#[must_use]
pub fn is_id(text: &str) -> bool {
    const HYPHENATED: usize = 36;
    text.len() == HYPHENATED && Uuid::try_parse(text).is_ok_and(|id| id.get_version_num() == 7)
}
