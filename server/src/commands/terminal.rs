//! Prints the output of commands and reads their input.

use std::io::{self, Read as _, Write as _};

use anyhow::{Context as _, ensure};
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
    let secret =
        input::decode_secret(&bytes).map_err(|why| anyhow::anyhow!("The password on standard input {why}."))?;
    // A second line would be part of the password, which nobody could type into the page.
    ensure!(!secret.contains('\n'), "The password on standard input has more than one line; give it alone.");
    Ok(Secret(secret.to_owned()))
}

/// Describes an error for the person who has run a command. What an answer to a request says would send the person to
/// the log, and leave out the cause.
pub fn readable(error: Error) -> anyhow::Error {
    let look = "`uptrakit-server user list` shows whether a change was made all the same";
    // The words for the log say more about a mistake than the error does.
    let cause = error.failure().map(|failure| failure.cause).unwrap_or_default();
    match error {
        Error::Unavailable(_) => anyhow::anyhow!("The database can't be used now: {cause}.\nTry again; {look}."),
        Error::Internal(_) => {
            anyhow::anyhow!("This is a mistake of uptrakit-server, which please report: {cause}.\nBefore that, {look}.")
        }
        Error::HasherSaturated => anyhow::anyhow!("This machine is too busy to hash the password; try again."),
        Error::NotFound => anyhow::anyhow!("The account is gone; `uptrakit-server user list` shows those there are."),
        Error::Invalid(errors) => {
            let lines: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
            anyhow::anyhow!(lines.join("\n"))
        }
        error => anyhow::anyhow!(error.problem().detail),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;
    use uptrakit_core::error::Error;

    #[test]
    fn the_terminal_is_told_the_cause_and_nothing_that_is_meant_for_a_request() {
        for (error, told) in [
            (Error::Unavailable("connection refused".into()), "The database can't be used now: connection refused."),
            (Error::Internal("no such column: x".into()), "please report: no such column: x."),
            (Error::HasherSaturated, "too busy"),
            (Error::NotFound, "The account is gone"),
            (Error::field("username", "is taken"), "username is taken"),
            (Error::LastAdministrator, "last active administrator"),
        ] {
            let text = readable(error).to_string();
            assert!(text.contains(told), "{text}");
            for word in ["request", "logged", "signing in", "nothing here"] {
                assert!(!text.contains(word), "{text}");
            }
        }
    }
}
