//! `uptrakit`, the command line of Uptrakit: it reads its arguments, does what they say and ends with the right code.

mod args;
mod client;
mod clock;
mod command;
mod complete;
mod credentials;
mod duration;
mod failure;
mod interrupt;
mod lookup;
mod machine;
mod output;
mod paging;
mod prompt;
mod server;
mod settings;
mod sse;
mod wire;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use std::process::ExitCode;

fn main() -> ExitCode {
    CompleteEnv::with_factory(args::Arguments::command).shells(complete::SHELLS).complete();
    let arguments = args::Arguments::parse();
    let output = output::Output::new(arguments.global.output, arguments.global.verbose);
    match command::run(arguments, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit.into()
        }
    }
}
