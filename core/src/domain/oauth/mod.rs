//! The authorization server (OAuth 2.1): what applications may register and ask for, and what they are given.

pub mod answer;
pub mod applications;
pub mod authorize;
pub mod client_name;
pub mod codes;
mod consent;
pub mod devices;
pub mod document;
pub mod error;
pub mod grants;
pub mod issue;
pub mod lifetimes;
pub mod pkce;
pub mod redirect_uri;
pub mod refresh;
pub mod registration;
pub mod requests;
pub mod resource;
pub mod revoke;
pub mod scope;
pub mod user_code;
