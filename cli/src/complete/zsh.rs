//! Completion in zsh, which quotes names itself but hands over the words as they were typed.

use super::word::{Dialect, Word};
use clap_complete::env::EnvCompleter;
use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

/// Zsh.
pub struct Zsh;

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        "zsh"
    }

    fn is(&self, name: &str) -> bool {
        name == "zsh"
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        clap_complete::env::Zsh.write_registration(variable, name, program, completer, out)
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let read = |typed: OsString| Word::read(&typed.to_string_lossy(), Dialect::Posix).text.into();
        let words: Vec<OsString> = arguments.into_iter().map(read).collect();
        super::remember(&words);
        clap_complete::env::Zsh.write_complete(command, words, folder, out)
    }
}
