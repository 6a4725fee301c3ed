//! `uptrakit completions SHELL`: prints the script that makes a shell ask this program for candidates.

use super::Context;
use crate::{
    args::Shell,
    completion,
    failure::{Failure, described},
};

pub fn run(context: &Context, shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    completion::shell(shell)
        .write_registration("COMPLETE", "uptrakit", "uptrakit", "uptrakit", &mut script)
        .map_err(|error| Failure::failed("could not write the script").caused_by(described(&error)))?;
    context.output.text(&String::from_utf8_lossy(&script))
}
