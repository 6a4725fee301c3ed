//! The command line as people and scripts use it: the real program against the real server.
//! Only servers that misbehave are played by the tests themselves, because the real one can't be made to.

mod auth;
mod clock;
mod completion;
mod credentials;
mod failures;
mod hosts;
mod machine;
mod output;
mod support;
mod tokens;
mod usage;
mod watch;
