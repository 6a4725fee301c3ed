//! Time and randomness, handed down as arguments so that a test can hold them. Nothing else reads the system's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use uptrakit_api::Timestamp;
use uuid::Uuid;

/// How far the clocks of servers on one database may be apart: a minute.
const SKEW_MILLIS: i64 = 60_000;

/// The latest instant that a stored one may have and still be believed. One behind it was written while a clock was
/// wrong, counts as unknown, and is replaced by the next that is known.
#[must_use]
pub fn horizon(now: Timestamp) -> Timestamp {
    now.plus_millis(SKEW_MILLIS)
}

/// What time it is.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// One that stands until it is set, in milliseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Now.
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

    /// Returns when it is at least `instant`. A manual clock is looked at often, for nobody rings when it is set.
    pub async fn sleep_until(&self, instant: Timestamp) {
        loop {
            let left = instant.0 - self.now().0;
            if left <= 0 {
                return;
            }
            let longest = if matches!(self, Self::Manual(_)) { 10 } else { 3_600_000 };
            tokio::time::sleep(Duration::from_millis(left.min(longest).unsigned_abs())).await;
        }
    }
}

/// The operating system's source of randomness.
///
/// # Panics
/// When the system has none; nothing that needs a secret may go on then.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has a source of randomness");
}

/// A new id (UUID version 7, RFC 9562), ordered by time.
#[must_use]
pub fn new_id(now: Timestamp) -> Uuid {
    let mut random = [0; 10];
    fill_random(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.0.unsigned_abs(), &random).into_uuid()
}
