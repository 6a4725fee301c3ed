//! REST handlers, one file per noun. A handler extracts, calls the domain, replies; its name is the operation's id.

pub mod accounts;
pub mod audit;
pub mod hosts;
pub mod sessions;
pub mod tokens;
pub mod users;
