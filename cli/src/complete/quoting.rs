//! Completion in zsh and fish, which quote names themselves. Zsh hands over every word as it was typed; fish hands over
//! finished words as they are meant, and only the last one as typed.

use super::word::{Dialect, Word};
use clap_complete::env::{self, EnvCompleter};
use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

/// A shell that quotes names itself.
pub struct Quoting {
    shell: &'static dyn EnvCompleter,
    dialect: Dialect,
    /// Whether finished words come as they are meant.
    finished: bool,
}

/// Zsh.
pub const ZSH: Quoting = Quoting { shell: &env::Zsh, dialect: Dialect::Posix, finished: false };
/// Fish.
pub const FISH: Quoting = Quoting { shell: &env::Fish, dialect: Dialect::Fish, finished: true };

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
        self.shell.write_registration(variable, name, program, completer, out)
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
