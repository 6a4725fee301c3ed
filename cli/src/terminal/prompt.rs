//! Questions at the terminal. They go to standard error, so that standard output stays data alone. Secret answers are
//! not echoed, and an interrupted answer leaves the terminal as it was.

use crate::{
    failure::{Exit, Failure, described},
    terminal::{Stderr, interrupt},
};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal};

const CTRL_C: u8 = 3;
/// Ctrl-\ and Ctrl-Z arrive as characters while a secret is typed. They are no part of it and are removed.
const IGNORED: [u8; 2] = [28, 26];

pub fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
}

pub fn ask(question: &str, default: Option<&str>) -> Result<String, Failure> {
    let hint = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    say(&format!("{question}{hint}: "))?;
    let line = read_line().or_else(|failure| say("\n").and(Err(failure)))?;
    match (line.trim(), default) {
        ("", Some(default)) => Ok(default.to_owned()),
        ("", None) => Err(needed(question)),
        (answer, _) => Ok(answer.to_owned()),
    }
}

pub fn ask_secret(question: &str) -> Result<String, Failure> {
    // The echo is off before the question appears, so that a quick answer is not shown either.
    let hidden = Hidden::new().map_err(|error| unread(&error))?;
    let line = say(&format!("{question}: ")).and_then(|()| read_line());
    drop(hidden);
    // The key that ended the line was not echoed, so a newline is missing.
    say("\n")?;
    let line = line?;
    if line.ends_with(char::from(CTRL_C)) {
        return Err(unread(&io::ErrorKind::Interrupted.into()));
    }
    let answer = line.trim_end_matches(['\r', '\n']);
    if answer.is_empty() { Err(needed(question)) } else { Ok(answer.to_owned()) }
}

/// The terminal echoes nothing until this value is dropped.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut during = before.clone();
        // Ctrl-C only ends the line here, so that the program can say that nothing was saved.
        during.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        during.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        interrupt::leave_terminal(Some(before.clone()));
        tcsetattr(io::stdin(), OptionalActions::Now, &during)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A failure means that the terminal is gone, so there is nothing to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        interrupt::leave_terminal(None);
    }
}

fn say(text: &str) -> Result<(), Failure> {
    Stderr::new().say(text).map_err(|error| unread(&error))
}

fn read_line() -> Result<String, Failure> {
    let mut line = Vec::new();
    let mut stdin = io::stdin().lock();
    loop {
        let typed = stdin.fill_buf().map_err(|error| unread(&error))?;
        if typed.is_empty() {
            return Err(unread(&io::ErrorKind::UnexpectedEof.into()));
        }
        let end = typed.iter().position(|byte| matches!(*byte, b'\n' | CTRL_C));
        let length = end.map_or(typed.len(), |end| end + 1);
        line.extend_from_slice(&typed[..length]);
        stdin.consume(length);
        if end.is_some() {
            line.retain(|byte| !IGNORED.contains(byte));
            return String::from_utf8(line).map_err(|_| unread(&io::ErrorKind::InvalidData.into()));
        }
    }
}

fn needed(question: &str) -> Failure {
    Failure::usage(format!("{} is needed to sign in", question.to_lowercase()))
}

fn unread(error: &io::Error) -> Failure {
    let failure = match error.kind() {
        io::ErrorKind::Interrupted => {
            Failure::new(Exit::Interrupted, "there was no answer").caused_by("it was interrupted")
        }
        io::ErrorKind::InvalidData => Failure::failed("the answer can't be read").caused_by("it is no text in UTF-8"),
        io::ErrorKind::UnexpectedEof => Failure::failed("there was no answer").caused_by("the input ended"),
        _ => Failure::failed("there was no answer").caused_by(described(error)),
    };
    failure.hint("nothing was saved; run `uptrakit auth login` again")
}
