//! The one place that asks what time it is. What prints times is given the instant, so that it can be tested.

use std::time::{SystemTime, UNIX_EPOCH};
use uptrakit_api::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
