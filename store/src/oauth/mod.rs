//! SQL for OAuth, one file per noun. Secrets are found by their digests.

pub mod access_tokens;
pub mod applications;
pub mod codes;
pub mod devices;
pub mod grants;
pub mod refresh_tokens;
pub mod requests;
