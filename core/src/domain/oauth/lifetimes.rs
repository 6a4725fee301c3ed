//! How long what the authorization server issues lasts (OAUTH 2.1, and RFC 8628 for devices).

const DAY_MILLIS: i64 = 86_400_000;

/// A request waits this long for its answer, whether a browser or a device sent it.
pub const REQUEST_MILLIS: i64 = 10 * 60_000;
pub const CODE_MILLIS: i64 = 60_000;
/// A grant ends when it was not used for this long.
pub const IDLE_MILLIS: i64 = 30 * DAY_MILLIS;
/// A grant ends after this time, however much it was used.
pub const GRANT_DAYS: u32 = 90;
pub const GRANT_MILLIS: i64 = GRANT_DAYS as i64 * DAY_MILLIS;
