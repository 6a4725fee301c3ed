//! Uptrakit's rules: `auth` authenticates and authorizes, `domain` decides, `jobs` run in the background, and the store
//! keeps the data. The crate knows neither HTTP frameworks nor SQL.

pub mod auth;
pub mod clock;
pub mod domain;
pub mod error;
pub mod jobs;
pub mod lock;
pub mod log_limit;
mod loggable;
pub mod network;
pub mod outage;
pub mod probe;
pub mod public_url;
pub mod tasks;
pub mod text;

pub use domain::state;
pub use loggable::loggable;
