//! `uptrakit-server`: reads the settings, then serves, or does one of the things that are done at its terminal.

mod commands;

use std::process::ExitCode;

use clap::Parser as _;

/// A request is a few dozen small allocations; this allocator keeps them cheap and its memory small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(commands::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
