//! What a run that did not end well has to say: what was tried, what came back, what to do next.
//! Every part of the program fails with this one type, so that messages and exit codes are decided in one place.

use std::{fmt, io, process::ExitCode};
use uptrakit_api::ProblemCode;

/// How a run ends; the numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well, or whoever read the output had enough of it.
    Done = 0,
    /// It did not work.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The server refused the credential (401, 403), or there is none.
    Refused = 3,
    /// There is no such thing.
    NotFound = 4,
    /// No Uptrakit server answers there.
    Unreachable = 5,
    /// It was interrupted, by Ctrl-C or by a signal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run ends early.
#[derive(Debug)]
pub struct Failure {
    /// How the run ends.
    pub exit: Exit,
    /// What was tried and did not work, in one line.
    pub message: String,
    /// What came back, or why it did not work.
    pub cause: Option<String>,
    /// What to do about it.
    pub next: Option<String>,
    /// Whether the server may have done it all the same.
    pub unsure: bool,
    /// The server's code, by which the program decides; nothing for one that it does not know.
    pub code: Option<ProblemCode>,
    /// The fields of the request that the server found wrong, and what is wrong with each: the end of a sentence.
    pub fields: Vec<(String, String)>,
    /// What only `-v` shows.
    pub details: Vec<String>,
}

impl Failure {
    /// A failure with this to say.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            cause: None,
            next: None,
            unsure: false,
            code: None,
            fields: Vec::new(),
            details: Vec::new(),
        }
    }

    /// It did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// With what came back.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// With the fields that are wrong, if fields are.
    #[must_use]
    pub fn of_fields(mut self, fields: Vec<(String, String)>) -> Self {
        if !fields.is_empty() {
            let sentences: Vec<String> = fields.iter().map(|(field, message)| format!("{field} {message}")).collect();
            self.cause = Some(sentences.join("; "));
        }
        self.fields = fields;
        self
    }

    /// Says what is wrong in the words that people typed: `by` turns a field and what is wrong with it into a flag and
    /// what is wrong with that.
    #[must_use]
    pub fn in_flags(self, by: impl Fn(&str, &str) -> Option<(String, String)>) -> Self {
        let fields = self.fields.clone();
        let named = fields.into_iter().map(|(field, message)| by(&field, &message).unwrap_or((field, message)));
        self.of_fields(named.collect())
    }

    /// For a change: where its answer did not arrive, says that it may have been made all the same, and what to do then.
    #[must_use]
    pub fn of_change(mut self, perhaps: &str, next: impl Into<String>) -> Self {
        if self.unsure {
            self.cause = Some(self.cause.map_or_else(|| perhaps.to_owned(), |cause| format!("{cause}; {perhaps}")));
            self.next = Some(next.into());
        }
        self
    }

    /// Whether the server knows no such token any more, so that it opens nothing anywhere.
    pub fn is_of_dead_token(&self) -> bool {
        matches!(self.code, Some(ProblemCode::InvalidToken | ProblemCode::TokenExpired | ProblemCode::TokenRevoked))
    }

    /// Whether it is the token that was refused, and not what it asked for.
    pub fn is_of_token(&self) -> bool {
        self.is_of_dead_token()
            || matches!(self.code, Some(ProblemCode::AccountDisabled | ProblemCode::NetworkNotAllowed))
    }

    /// Standard output could not be written. A reader that went away (`| head`) has what it wanted.
    pub fn of_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Exit::Done, String::new())
        } else {
            Self::failed("could not write to standard output").because(error)
        }
    }
}
