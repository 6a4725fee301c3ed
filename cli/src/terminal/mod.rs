//! The terminal of a run: questions and their answers, interrupts, and the way to standard error.

pub mod interrupt;
pub mod prompt;
mod stderr;

pub use stderr::Stderr;
