//! Prints the output of commands and reads their input.

use std::io::{self, Read as _, Write as _};

use anyhow::Context as _;
use uptrakit_api::Secret;
use uptrakit_core::error::Error;
use uptrakit_server::input;

/// Prints a line on standard output. A reader that has gone away is no error.
pub fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

pub fn read_password(from_stdin: bool) -> anyhow::Result<Secret> {
    if !from_stdin {
        return Ok(Secret(
            rpassword::prompt_password("Password: ")
                .context("The password can't be asked for here; use --password-stdin")?,
        ));
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).context("The password can't be read from standard input")?;
    let text = input::decode(&bytes).map_err(|why| anyhow::anyhow!("The password on standard input {why}."))?;
    Ok(Secret(input::without_line_end(text).to_owned()))
}

pub fn readable(error: Error) -> anyhow::Error {
    let cause = match &error {
        Error::Unavailable(cause) => Some(cause.to_string()),
        Error::Internal(cause) => Some(cause.clone()),
        _ => None,
    };
    let problem = error.into_problem();
    let mut lines: Vec<String> =
        problem.errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    if lines.is_empty() {
        lines.push(problem.detail);
    }
    lines.extend(cause);
    anyhow::anyhow!(lines.join("\n"))
}
