//! Runs `uptrakit-server`: reads the settings, then serves or runs one of the commands for its terminal.

mod commands;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// A request makes a few dozen small allocations; this allocator keeps them cheap and its memory small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A standard error that can't be written must not turn into a panic.
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}
