//! Errors, and the only place that decides what a client sees of them.
//!
//! Below HTTP, a function returns the variant that says what happened. A handler passes it on; no code builds an error
//! response by hand. An error that the client can't fix (5xx) gets a fixed text, and the outermost layer logs it once,
//! with its cause.

use std::{sync::Arc, time::Duration};

use uptrakit_api::{FieldError, Permission, Permissions, Problem, ProblemCode, TokenState};

use crate::auth::{
    credential::{AuthError, InconsistentRow, Rejection},
    password::HasherSaturated,
};

/// The cause of a 5xx answer, for the log. The response carries it to the outermost layer, which knows the request.
#[derive(Clone, Debug)]
pub struct Failure {
    pub cause: Arc<str>,
    pub is_outage: bool,
}

/// The reason why a request failed. Nothing was changed, unless the database stopped answering during the commit.
#[derive(Debug)]
pub enum Error {
    Rejected(Rejection),
    Unavailable(Arc<str>),
    Malformed(&'static str),
    Invalid(Vec<FieldError>),
    WrongLogin,
    /// Another site may have caused the browser to send this request.
    CrossOrigin,
    /// The request names a host that is not this server, as after a DNS rebinding.
    ForeignHost,
    MorePermissions(Permissions),
    /// A token asked for a token with wider networks or a later end than its own.
    BeyondOwnLimits(&'static str),
    /// The object does not exist, or the caller may not know of it.
    NotFound,
    MethodNotAllowed,
    NameTaken,
    LastAdministrator,
    LimitReached(u32),
    /// The request conflicts with the current state or with a concurrent change; the text names it.
    Conflict(&'static str),
    NotActive(TokenState),
    TooLarge,
    TooSlow,
    UnsupportedMediaType,
    TooManyRequests(Duration),
    HasherSaturated,
    /// The server is at fault; the text is logged and never shown.
    Internal(String),
}

impl Error {
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    #[must_use]
    pub fn into_problem(self) -> Problem {
        self.problem()
    }

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
            Self::Rejected(Rejection::Unknown | Rejection::Wrapped(_)) => ProblemCode::InvalidToken,
            Self::Rejected(Rejection::Expired) => ProblemCode::TokenExpired,
            Self::Rejected(Rejection::Revoked) => ProblemCode::TokenRevoked,
            Self::Rejected(Rejection::AccountDisabled) => ProblemCode::AccountDisabled,
            Self::Rejected(Rejection::Network) => ProblemCode::NetworkNotAllowed,
            Self::Rejected(Rejection::Insufficient(_) | Rejection::SecretReplaced | Rejection::SessionNeeded)
            | Self::MorePermissions(_)
            | Self::BeyondOwnLimits(_) => ProblemCode::InsufficientPermission,
            Self::Unavailable(_) | Self::HasherSaturated => ProblemCode::Unavailable,
            Self::Malformed(_) | Self::TooSlow => ProblemCode::InvalidRequest,
            Self::Invalid(_) => ProblemCode::InvalidField,
            Self::WrongLogin => ProblemCode::WrongLogin,
            Self::CrossOrigin | Self::ForeignHost => ProblemCode::CrossOrigin,
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
            Self::ForeignHost => {
                "The header Host names neither the public URL nor an address that the server listens on; use the public \
                 URL, or set public_url to the address that people use."
                    .into()
            }
            Self::MorePermissions(more) => format!("You can't hand out more than you have: {more}."),
            Self::BeyondOwnLimits(what) => format!("A token can't hand out {what} than its own."),
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

    /// Returns the seconds after which a retry may succeed.
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
        Rejection::Unknown => "This is no token that is known here.".into(),
        Rejection::Wrapped(wrappings) => {
            format!("This is no API token: it {wrappings}. Send the token alone: Authorization: Bearer upk_…")
        }
        Rejection::Expired => "The token has expired; create a new one.".into(),
        Rejection::Revoked => "The token was revoked, or a rotation replaced it.".into(),
        Rejection::AccountDisabled => "The token's account is deactivated.".into(),
        Rejection::Network => "The token may not be used from this address.".into(),
        Rejection::Insufficient(permission) => format!("This needs the permission {permission}."),
        Rejection::SecretReplaced => {
            "This is the old token of a rotation, which manages no tokens (tokens:write); use the new one.".into()
        }
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
