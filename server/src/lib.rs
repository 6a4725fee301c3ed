//! Uptrakit's server. Data flows one way: `http` takes requests apart, `domain` decides, `store` remembers; `auth`
//! says who is asking.

pub mod auth;
pub mod clock;
pub mod domain;
pub mod error;
pub mod http;
pub mod input;
pub mod log;
pub mod log_limit;
pub mod network;
pub mod outage;
pub mod probe;
pub mod settings;
pub mod state;
pub mod tasks;
