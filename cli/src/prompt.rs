//! Questions at the terminal. Questions go to standard error, so that standard output stays data alone.
//! Answers that are secret are not shown, and an interrupted answer leaves the terminal as it was found.

use crate::{
    failure::{Exit, Failure},
    interrupt,
    stderr::Stderr,
};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal};

const CTRL_C: u8 = 3;
/// Ctrl-\ and Ctrl-Z: they are no part of what is typed, and there is nothing to do about them.
const IGNORED: [u8; 2] = [28, 26];

/// Whether there is somebody to ask.
pub fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a line.
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

/// Asks for a line that is not shown while it is typed.
pub fn ask_secret(question: &str) -> Result<String, Failure> {
    // First the terminal, then the question: a quick answer must not be shown either.
    let hidden = Hidden::new().map_err(|error| unread(&error))?;
    let line = say(&format!("{question}: ")).and_then(|()| read_line());
    drop(hidden);
    // The key that ended the line was not shown either.
    say("\n")?;
    let line = line?;
    if line.ends_with(char::from(CTRL_C)) {
        return Err(unread(&io::ErrorKind::Interrupted.into()));
    }
    let answer = line.trim_end_matches(['\r', '\n']);
    if answer.is_empty() { Err(needed(question)) } else { Ok(answer.to_owned()) }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut during = before.clone();
        // Ctrl-C shall say that nothing was saved: here it only ends the line.
        during.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        during.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        interrupt::leave_terminal(Some(before.clone()));
        tcsetattr(io::stdin(), OptionalActions::Now, &during)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // If this fails the terminal is gone, and nobody is left to see it.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        interrupt::leave_terminal(None);
    }
}

fn say(text: &str) -> Result<(), Failure> {
    Stderr::new().say(text).map_err(|error| unread(&error))
}

/// Reads to the end of the line, or to an interrupt that stands for it.
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
            Failure::new(Exit::Interrupted, "there was no answer").because("it was interrupted")
        }
        io::ErrorKind::InvalidData => Failure::failed("the answer can't be read").because("it is no text in UTF-8"),
        io::ErrorKind::UnexpectedEof => Failure::failed("there was no answer").because("the input ended"),
        _ => Failure::failed("there was no answer").because(error),
    };
    failure.next("nothing was saved; run `uptrakit auth login` again")
}
