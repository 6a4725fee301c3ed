//! `uptrakit completions SHELL`: the script that makes a shell ask this program for candidates.

use super::Context;
use crate::{args::Shell, complete, failure::Failure};

/// Prints the script.
pub fn run(context: &Context, shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    complete::shell(shell)
        .write_registration("COMPLETE", "uptrakit", "uptrakit", "uptrakit", &mut script)
        .map_err(|error| Failure::failed("could not write the script").because(error))?;
    context.output.text(&String::from_utf8_lossy(&script))
}
