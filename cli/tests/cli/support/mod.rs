//! The environment of the tests: a real server, the program with its own home, and a terminal.

pub mod oauth;
mod program;
mod server;
mod stand_in;
mod terminal;

pub use program::Program;
pub use server::{PASSWORD, Server};
pub use stand_in::{StandIn, answer};
pub use terminal::Terminal;

/// This token has a valid checksum, but no server knows it.
pub const UNKNOWN_TOKEN: &str = "upk_0000000000000000000000000000003aIdS3";

/// Compares a whole run with its snapshot. Placeholders replace what differs from run to run.
macro_rules! assert_transcript {
    ($outcome:expr) => {{
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(true);
        for (pattern, name) in [
            (r"\bupk_[0-9A-Za-z]{36}\b", "[token]"),
            (r"upk_[0-9A-Za-z]{4}…[0-9A-Za-z]{4}", "[hint]"),
            (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[id]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[instant]"),
            (r"http://127\.0\.0\.1:\d+", "[server]"),
            (r"/[^ ]*/config/", "[config]/"),
        ] {
            settings.add_filter(pattern, name);
        }
        settings.bind(|| insta::assert_snapshot!($outcome.transcript()));
    }};
}

pub(crate) use assert_transcript;
