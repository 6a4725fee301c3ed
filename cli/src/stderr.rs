//! The one way to standard error. Whatever is said passes here, so that no token's text is ever part of it.

use crate::redaction::redacted;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, Write};

/// Standard error.
pub struct Stderr(io::Stderr);

impl Stderr {
    /// That of this process.
    pub fn new() -> Self {
        Self(io::stderr())
    }

    /// Says it. Most callers have no use for the error: who closed standard error does not want to know.
    pub fn say(&self, text: &str) -> io::Result<()> {
        let mut stderr = self.0.lock();
        stderr.write_all(redacted(text).as_bytes())?;
        stderr.flush()
    }

    /// Whether colour helps there.
    pub fn is_coloured(&self) -> bool {
        AutoStream::choice(&self.0) != ColorChoice::Never
    }
}
