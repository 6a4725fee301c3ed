//! The authorization server (OAuth 2.1): what applications may register and ask for, and what they are given.

pub mod redirect_uri;
