//! Names of the headers that only Uptrakit's API has.

/// Instant, RFC 3339, from which a revoke holds at every process.
pub const REVOKED_AT: &str = "uptrakit-revoked-at";
/// Number of requests that a revoke has cut off in the process that answers.
pub const CUT_OFF: &str = "uptrakit-cut-off";
/// Instant, RFC 3339, at which the token of the request expires.
pub const TOKEN_EXPIRES: &str = "uptrakit-token-expires";
/// Sentence for people, where something is wrong with a report that was taken.
pub const WARNING: &str = "uptrakit-warning";
