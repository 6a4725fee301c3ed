//! The failure of a run: what was tried, what came back, and a hint what to do next. The whole program fails with this
//! one type, so that messages and exit codes are decided in one place.

use std::{fmt, io, process::ExitCode};
use uptrakit_api::ProblemCode;

/// The exit code of a run. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The run succeeded, or the reader of its output closed the pipe.
    Done = 0,
    Failed = 1,
    Usage = 2,
    /// The server rejected the credential (401, 403), or there is none.
    Refused = 3,
    NotFound = 4,
    Unreachable = 5,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
    pub cause: Option<String>,
    pub hint: Option<String>,
    /// True when the server may have made the change although its answer did not arrive.
    pub outcome_unknown: bool,
    /// The server's code, by which the program decides; `None` for one that it does not know.
    pub code: Option<ProblemCode>,
    pub oauth: Option<OAuthError>,
    /// The fields of the request that the server rejected, each with the end of a sentence that says why.
    pub fields: Vec<(String, String)>,
    pub details: Vec<String>,
}

/// The errors of OAuth (RFC 6749 and RFC 8628) by which the program decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthError {
    AuthorizationPending,
    SlowDown,
    AccessDenied,
    ExpiredToken,
    TemporarilyUnavailable,
    Other,
}

impl OAuthError {
    pub fn of_name(name: &str) -> Self {
        match name {
            "authorization_pending" => Self::AuthorizationPending,
            "slow_down" => Self::SlowDown,
            "access_denied" => Self::AccessDenied,
            "expired_token" => Self::ExpiredToken,
            "temporarily_unavailable" => Self::TemporarilyUnavailable,
            _ => Self::Other,
        }
    }
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            cause: None,
            hint: None,
            outcome_unknown: false,
            code: None,
            oauth: None,
            fields: Vec::new(),
            details: Vec::new(),
        }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn of_fields(mut self, fields: Vec<(String, String)>) -> Self {
        if !fields.is_empty() {
            let sentences: Vec<String> = fields.iter().map(|(field, message)| format!("{field} {message}")).collect();
            self.cause = Some(sentences.join("; "));
        }
        self.fields = fields;
        self
    }

    /// Names the rejected fields in the words that the user typed: `by` turns a field and its message into a flag and a
    /// message.
    #[must_use]
    pub fn in_flags(self, by: impl Fn(&str, &str) -> Option<(String, String)>) -> Self {
        let fields = self.fields.clone();
        let named = fields.into_iter().map(|(field, message)| by(&field, &message).unwrap_or((field, message)));
        self.of_fields(named.collect())
    }

    /// Completes the failure of a change. If the outcome is unknown, `perhaps` says that the change may have been made,
    /// and `hint` says what to do then.
    #[must_use]
    pub fn of_change(mut self, perhaps: &str, hint: impl Into<String>) -> Self {
        if self.outcome_unknown {
            self.cause = Some(self.cause.map_or_else(|| perhaps.to_owned(), |cause| format!("{cause}; {perhaps}")));
            self.hint = Some(hint.into());
        }
        self
    }

    pub fn is_of_invalid_token(&self) -> bool {
        matches!(self.code, Some(ProblemCode::InvalidToken | ProblemCode::TokenExpired | ProblemCode::TokenRevoked))
    }

    /// Returns true when the server rejected the token itself, and not what it asked for.
    pub fn is_of_token(&self) -> bool {
        self.is_of_invalid_token()
            || matches!(
                self.code,
                Some(ProblemCode::TokenOnHold | ProblemCode::AccountDisabled | ProblemCode::NetworkNotAllowed)
            )
    }

    pub fn is_of_outage(&self) -> bool {
        self.exit == Exit::Unreachable
            || self.oauth == Some(OAuthError::TemporarilyUnavailable)
            || matches!(self.code, Some(ProblemCode::Unavailable | ProblemCode::TooManyRequests))
    }

    /// Builds the failure for an error of standard output. A closed pipe (`| head`) is a success, because the reader
    /// has what it wanted.
    pub fn of_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Exit::Done, String::new())
        } else {
            Self::failed("could not write to standard output").caused_by(described(error))
        }
    }
}

/// Describes an error of the operating system without its number, as in "No such file or directory (os error 2)", which
/// differs between systems and says nothing more.
pub fn described(error: &io::Error) -> String {
    let text = error.to_string();
    let number = error.raw_os_error().map(|number| format!(" (os error {number})"));
    number.and_then(|number| text.strip_suffix(&number)).map(str::to_owned).unwrap_or(text)
}
