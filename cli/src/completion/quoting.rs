//! Completion in zsh and fish, which quote names themselves. Zsh hands over every word as it was typed. Fish hands over
//! finished words without their quotes, and only the last one as it was typed.

use super::word::{Dialect, Word};
use clap_complete::env::{self, EnvCompleter};
use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

pub struct Quoting {
    shell: &'static dyn EnvCompleter,
    dialect: Dialect,
    /// True when the shell hands over finished words without their quotes.
    finished: bool,
    preparation: &'static str,
}

/// With an empty `.zshrc`, zsh has not loaded its completion system. `-i` ignores folders that others may write to,
/// instead of asking.
const ZSH_PREPARATION: &str = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }\n";

pub const ZSH: Quoting =
    Quoting { shell: &env::Zsh, dialect: Dialect::Posix, finished: false, preparation: ZSH_PREPARATION };
pub const FISH: Quoting = Quoting { shell: &env::Fish, dialect: Dialect::Fish, finished: true, preparation: "" };

impl EnvCompleter for Quoting {
    fn name(&self) -> &'static str {
        self.shell.name()
    }

    fn is(&self, name: &str) -> bool {
        self.shell.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut script = Vec::new();
        self.shell.write_registration(variable, name, program, completer, &mut script)?;
        // The `#compdef` tag must stay the first line: in a file of its own, zsh reads from it what the file completes.
        let tag = script.iter().position(|byte| *byte == b'\n').filter(|_| script.starts_with(b"#compdef"));
        let (tag, rest) = script.split_at(tag.map_or(0, |end| end + 1));
        out.write_all(tag)?;
        out.write_all(self.preparation.as_bytes())?;
        out.write_all(rest)
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        mut arguments: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let meant = if self.finished { arguments.len().saturating_sub(1) } else { 0 };
        for word in arguments.iter_mut().skip(meant) {
            *word = Word::read(&word.to_string_lossy(), self.dialect).text.into();
        }
        super::remember(&arguments);
        self.shell.write_complete(command, arguments, folder, out)
    }
}
