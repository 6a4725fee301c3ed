//! The authorization server (OAuth 2.1): what applications may register and ask for, and what they are given.

pub mod answer;
pub mod authorize;
pub mod client_name;
pub mod document;
pub mod pkce;
pub mod redirect_uri;
pub mod registration;
pub mod resource;
pub mod scope;
pub mod user_code;
