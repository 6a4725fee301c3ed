//! What can go wrong, and the only place that decides what a caller sees of it.
//!
//! Below HTTP, return the variant that says what happened. A handler returns it as it is; nobody builds an error
//! response by hand. What the caller can't mend (5xx) gets a fixed text, and is logged here, once, with its cause.

use std::{sync::Arc, time::Duration};

use uptrakit_api::{FieldError, Permission, Permissions, Problem, ProblemCode, TokenState};

use crate::auth::{
    credential::{AuthError, InconsistentRow, Rejection},
    password::HasherSaturated,
};

/// Why an answer is 5xx, for the log. A response carries it to the outermost layer, which knows the request.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the library or the database said.
    pub cause: Arc<str>,
    /// Whether the database can't answer.
    pub is_outage: bool,
}

/// Why a request is not done. Nothing was changed, unless the database fell silent at the very end.
#[derive(Debug)]
pub enum Error {
    /// The credential does not open this door.
    Rejected(Rejection),
    /// The database can't answer.
    Unavailable(Arc<str>),
    /// The request can't be understood; the text says why.
    Malformed(&'static str),
    /// Fields are wrong.
    Invalid(Vec<FieldError>),
    /// The sign-in failed.
    WrongLogin,
    /// A browser's request that another site may have caused.
    CrossOrigin,
    /// A token asks for a token with more permissions than it has.
    MorePermissions(Permissions),
    /// A token asks for a token with wider networks or a later end than its own.
    BeyondOwnLimits(&'static str),
    /// The token's text has been replaced, and works on for a while without power over tokens.
    TextReplaced,
    /// There is nothing here that the caller may know of.
    NotFound,
    /// The path exists; the method doesn't.
    MethodNotAllowed,
    /// Another active token of the account has the name.
    NameTaken,
    /// Nobody could administrate afterwards.
    LastAdministrator,
    /// The account has as many active tokens as it may have.
    LimitReached(u32),
    /// Somebody else was quicker; the text says at what.
    Conflict(&'static str),
    /// The token is expired or revoked.
    NotActive(TokenState),
    /// The body is over the limit.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// The body is no JSON.
    UnsupportedMediaType,
    /// Too many failed attempts.
    TooManyRequests(Duration),
    /// The server can't take this on now.
    HasherSaturated,
    /// The server made a mistake.
    Internal(String),
}

impl Error {
    /// One wrong field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// The problem document.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        self.problem()
    }

    /// What the log says of an answer that the caller can't mend.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Unavailable(cause) => Some(Failure { cause: Arc::clone(cause), is_outage: true }),
            Self::Internal(cause) => Some(Failure { cause: cause.as_str().into(), is_outage: false }),
            Self::HasherSaturated => {
                Some(Failure { cause: "too many passwords are being hashed".into(), is_outage: false })
            }
            _ => None,
        }
    }

    fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code(), self.detail());
        if let Self::Invalid(errors) = self {
            problem.errors.clone_from(errors);
        }
        problem.retry_after_seconds = self.retry_after();
        problem
    }

    fn code(&self) -> ProblemCode {
        match self {
            Self::Rejected(Rejection::Missing | Rejection::SessionOver) => ProblemCode::MissingCredentials,
            Self::Rejected(Rejection::Unknown) => ProblemCode::InvalidToken,
            Self::Rejected(Rejection::Expired) => ProblemCode::TokenExpired,
            Self::Rejected(Rejection::Revoked) => ProblemCode::TokenRevoked,
            Self::Rejected(Rejection::AccountDisabled) => ProblemCode::AccountDisabled,
            Self::Rejected(Rejection::Network) => ProblemCode::NetworkNotAllowed,
            Self::Rejected(Rejection::Insufficient(_) | Rejection::SessionNeeded)
            | Self::MorePermissions(_)
            | Self::BeyondOwnLimits(_)
            | Self::TextReplaced => ProblemCode::InsufficientPermission,
            Self::Unavailable(_) | Self::HasherSaturated => ProblemCode::Unavailable,
            Self::Malformed(_) | Self::TooSlow => ProblemCode::InvalidRequest,
            Self::Invalid(_) => ProblemCode::InvalidField,
            Self::WrongLogin => ProblemCode::WrongLogin,
            Self::CrossOrigin => ProblemCode::CrossOrigin,
            Self::NotFound => ProblemCode::NotFound,
            Self::MethodNotAllowed => ProblemCode::MethodNotAllowed,
            Self::NameTaken => ProblemCode::NameTaken,
            Self::LastAdministrator => ProblemCode::LastAdministrator,
            Self::LimitReached(_) => ProblemCode::LimitReached,
            Self::Conflict(_) => ProblemCode::Conflict,
            Self::NotActive(_) => ProblemCode::NotActive,
            Self::TooLarge => ProblemCode::TooLarge,
            Self::UnsupportedMediaType => ProblemCode::UnsupportedMediaType,
            Self::TooManyRequests(_) => ProblemCode::TooManyRequests,
            Self::Internal(_) => ProblemCode::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Rejected(refusal) => refusal_detail(*refusal),
            Self::Unavailable(_) => {
                "The database can't answer now; try again shortly. A change may have been made all the same.".into()
            }
            Self::Malformed(why) => (*why).into(),
            Self::Invalid(errors) => match errors.as_slice() {
                [only] => {
                    let end = if only.message.ends_with(['.', '?', '!']) { "" } else { "." };
                    format!("{} {}{end}", only.field, only.message)
                }
                all => format!("{} fields are wrong.", all.len()),
            },
            Self::WrongLogin => "Username, email or password is wrong, or the account is deactivated.".into(),
            Self::CrossOrigin => "This request did not come from Uptrakit's own pages.".into(),
            Self::MorePermissions(more) => format!("You can't hand out more than you have: {more}."),
            Self::BeyondOwnLimits(what) => format!("A token can't hand out {what} than its own."),
            Self::TextReplaced => "This text of the token was replaced; tokens are changed with the new one.".into(),
            Self::NotFound => "There is nothing here.".into(),
            Self::MethodNotAllowed => "This path does not take that method; see the Allow header.".into(),
            Self::NameTaken => "An active token of yours has this name already.".into(),
            Self::LastAdministrator => "This is the last active administrator; make another one first.".into(),
            Self::LimitReached(limit) => {
                format!("You have {limit} active tokens, the most there may be; revoke one first.")
            }
            Self::Conflict(what) => (*what).into(),
            Self::NotActive(state) => format!("The token is {}; only an active one can be changed.", state.as_str()),
            Self::TooLarge => "The body is over 1 MB.".into(),
            Self::TooSlow => "The body did not arrive in time.".into(),
            Self::UnsupportedMediaType => "The body must be JSON: Content-Type: application/json.".into(),
            Self::TooManyRequests(_) => "Too many failed attempts. Wait, then try again.".into(),
            Self::HasherSaturated => "Too many are signing in at this moment; try again shortly.".into(),
            Self::Internal(_) => {
                "The server made a mistake, which it has logged. Look whether a change was made before you try again."
                    .into()
            }
        }
    }

    /// Seconds, where waiting helps.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable(_) => Some(2),
            Self::HasherSaturated => Some(5),
            Self::TooManyRequests(wait) => {
                Some(u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(3_600).clamp(1, 3_600))
            }
            _ => None,
        }
    }
}

fn refusal_detail(refusal: Rejection) -> String {
    match refusal {
        Rejection::Missing => "Send an API token: Authorization: Bearer upk_…".into(),
        Rejection::SessionOver => "You are not signed in, or your session has ended. Sign in again.".into(),
        Rejection::Unknown => "This is no API token that is known here.".into(),
        Rejection::Expired => "The token has expired; create a new one.".into(),
        Rejection::Revoked => "The token was revoked, or its text was replaced by a rotation.".into(),
        Rejection::AccountDisabled => "The token's account is deactivated.".into(),
        Rejection::Network => "The token may not be used from this address.".into(),
        Rejection::Insufficient(permission) => format!("This needs the permission {permission}."),
        Rejection::SessionNeeded => "This needs a web session; an API token can't do it.".into(),
    }
}

impl From<uptrakit_store::Error> for Error {
    fn from(error: uptrakit_store::Error) -> Self {
        if error.is_outage() { Self::Unavailable(error.to_string().into()) } else { Self::Internal(error.detail()) }
    }
}

impl From<InconsistentRow> for Error {
    fn from(error: InconsistentRow) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Rejected(refusal) => Self::Rejected(refusal),
            AuthError::TooManyRequests(wait) => Self::TooManyRequests(wait),
            AuthError::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

impl From<HasherSaturated> for Error {
    fn from(HasherSaturated: HasherSaturated) -> Self {
        Self::HasherSaturated
    }
}

impl From<Permission> for Error {
    fn from(missing: Permission) -> Self {
        Self::Rejected(Rejection::Insufficient(missing))
    }
}
