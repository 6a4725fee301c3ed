//! Authentication and authorization: passwords, credentials, and the verifier, which checks every request and notifies
//! requests in flight when their credential may have lost permissions.

pub mod authorized;
pub mod context;
pub mod credential;
pub mod digest;
pub mod future_overlaps;
pub mod in_flight;
pub mod last_used;
pub mod oauth_limits;
pub mod password;
pub mod rate_limit;
pub mod read_grace;
pub mod rejected_tokens;
pub mod resource;
pub mod verifier;
pub mod write_queue;
