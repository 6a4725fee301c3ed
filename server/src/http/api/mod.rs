//! REST handlers, one file per noun. A handler extracts its arguments, calls the domain and replies; the name of its
//! function is the operation's id.

pub mod accounts;
pub mod applications;
pub mod audit;
pub mod hosts;
pub mod sessions;
pub mod tokens;
pub mod users;
