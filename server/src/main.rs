//! `uptrakit-server`: reads the settings, then serves, or does one of the things that are done at its terminal.

mod commands;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;

/// A request is a few dozen small allocations; this allocator keeps them cheap and its memory small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(commands::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A standard error that can't be written must not turn into a panic.
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}
