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
mod redaction;
mod server;
mod settings;
mod sse;
mod stderr;
mod text;
mod wire;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use std::{process::ExitCode, rc::Rc};

fn main() -> ExitCode {
    CompleteEnv::with_factory(args::Arguments::command).shells(complete::SHELLS).complete();
    let arguments = match args::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misread(&error),
    };
    let clock = Rc::new(clock::ServerClock::default());
    let output = output::Output::new(arguments.global.output, arguments.global.verbose > 0, Rc::clone(&clock));
    match command::run(arguments, &output, clock) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit.into()
        }
    }
}

/// Help is a result. A mistake is said like any other: it may repeat what was typed.
fn misread(error: &clap::Error) -> ExitCode {
    // Who closed the other end does not want to know.
    let _ = if error.use_stderr() {
        let (text, stderr) = (error.render(), stderr::Stderr::new());
        stderr.say(&if stderr.is_coloured() { text.ansi().to_string() } else { text.to_string() })
    } else {
        error.print()
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}
