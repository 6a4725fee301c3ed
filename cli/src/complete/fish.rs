//! Completion in fish, which quotes names itself and hands over finished words as they are meant, the last one as typed.

use super::word::{Dialect, Word};
use clap_complete::env::EnvCompleter;
use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

/// Fish.
pub struct Fish;

impl EnvCompleter for Fish {
    fn name(&self) -> &'static str {
        "fish"
    }

    fn is(&self, name: &str) -> bool {
        name == "fish"
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        clap_complete::env::Fish.write_registration(variable, name, program, completer, out)
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        mut arguments: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if let Some(last) = arguments.last_mut() {
            *last = Word::read(&last.to_string_lossy(), Dialect::Fish).text.into();
        }
        super::remember(&arguments);
        clap_complete::env::Fish.write_complete(command, arguments, folder, out)
    }
}
