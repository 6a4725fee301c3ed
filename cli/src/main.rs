//! `uptrakit`, the command line of Uptrakit: parses its arguments, runs the command and exits with the right code.

mod args;
mod clock;
mod commands;
mod completion;
mod credentials;
mod duration;
mod failure;
mod http;
mod machine;
mod oauth;
mod output;
mod redaction;
mod server;
mod settings;
mod terminal;
mod text;

use clap::{
    Parser,
    error::{ContextKind, ContextValue},
};
use clap_complete::CompleteEnv;
use std::{process::ExitCode, rc::Rc};

fn main() -> ExitCode {
    CompleteEnv::with_factory(completion::command).shells(completion::SHELLS).complete();
    let arguments = match args::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misread(error),
    };
    let clock = Rc::new(clock::ServerClock::default());
    let format = match arguments.global.output {
        args::Format::Human => output::Format::Human,
        args::Format::Json => output::Format::Json,
        args::Format::Yaml => output::Format::Yaml,
    };
    let output = output::Output::new(format, arguments.global.verbose > 0, Rc::clone(&clock));
    match commands::run(arguments, &output, clock) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit.into()
        }
    }
}

/// Prints the help to standard output, or a usage error to standard error. The error may repeat a token that was typed,
/// so it passes through the redaction of `Stderr`. It may also repeat control characters, which are replaced.
fn misread(mut error: clap::Error) -> ExitCode {
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
        if let Some(ContextValue::String(typed)) = error.get(kind) {
            let typed = text::printable(typed);
            error.insert(kind, ContextValue::String(typed));
        }
    }
    // A failure to write is ignored: the reader has closed the stream.
    let _ = if error.use_stderr() {
        let (text, stderr) = (error.render(), terminal::Stderr::new());
        stderr.say(&if stderr.is_coloured() { text.ansi().to_string() } else { text.to_string() })
    } else {
        error.print()
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}
