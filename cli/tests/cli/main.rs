//! Tests the real program against the real server. The tests play only servers that misbehave, because the real one
//! can't be made to.

mod auth;
mod clock;
mod completion;
mod consent;
mod credentials;
mod failures;
mod hosts;
mod login;
mod machine;
mod output;
mod support;
mod tokens;
mod usage;
mod watch;
