//! The only path to standard error. Every message is redacted here, so that no token's secret is printed.

use crate::redaction::redacted;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, Write};

pub struct Stderr(io::Stderr);

impl Stderr {
    pub fn new() -> Self {
        Self(io::stderr())
    }

    /// Writes a redacted text. Most callers ignore the error, because the reader has closed standard error.
    pub fn say(&self, text: &str) -> io::Result<()> {
        let mut stderr = self.0.lock();
        stderr.write_all(redacted(text).as_bytes())?;
        stderr.flush()
    }

    pub fn is_coloured(&self) -> bool {
        AutoStream::choice(&self.0) != ColorChoice::Never
    }
}
