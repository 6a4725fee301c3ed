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

/// The reason why a request failed. Nothing was changed, unless the database stopped answering during the commit. The text is
/// what the client is told; the sources are for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", rejection_detail(*.0))]
    Rejected(Rejection),
    #[error("The database can't answer now; try again shortly. A change may have been made all the same.")]
    Unavailable(#[source] Cause),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("{}", fields_detail(.0))]
    Invalid(Vec<FieldError>),
    #[error("Username, email or password is wrong, or the account is deactivated.")]
    WrongLogin,
    #[error("This request did not come from Uptrakit's own pages.")]
    CrossOrigin,
    /// The request names a host that is not this server, as after a DNS rebinding.
    #[error(
        "The header Host names neither the public URL nor an address that the server listens on; use the public URL, or \
         set public_url to the address that people use."
    )]
    ForeignHost,
    #[error("You can't hand out more than you have: {0}.")]
    MorePermissions(Permissions),
    #[error("A token can't hand out {0} than its own.")]
    BeyondOwnLimits(&'static str),
    /// The object does not exist, or the caller may not know of it.
    #[error("There is nothing here.")]
    NotFound,
    #[error("This path does not take that method; see the Allow header.")]
    MethodNotAllowed,
    #[error("An active token of yours has this name already.")]
    NameTaken,
    #[error("This is the last active administrator; make another one first.")]
    LastAdministrator,
    #[error("You have {0} active tokens, the most there may be; revoke one first.")]
    LimitReached(u32),
    #[error("{0}")]
    Conflict(&'static str),
    #[error("The token is {}; only an active one can be changed.", .0.as_str())]
    NotActive(TokenState),
    #[error("The body is over 1 MB.")]
    TooLarge,
    #[error("The body did not arrive in time.")]
    TooSlow,
    #[error("The body must be JSON: Content-Type: application/json.")]
    UnsupportedMediaType,
    #[error("The body must not be compressed: leave out the header Content-Encoding.")]
    EncodedBody,
    #[error("Too many attempts. Wait, then try again.")]
    TooManyRequests(Duration),
    #[error("Too many are signing in at this moment; try again shortly.")]
    HasherSaturated,
    #[error("The server made a mistake, which it has logged. Look whether a change was made before you try again.")]
    Internal(#[source] Cause),
}

/// What kept the server from answering: an error, or a sentence. It is shown in the log alone.
type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Unavailable(cause) => Some(Failure { cause: cause.to_string().into(), is_outage: true }),
            Self::Internal(cause) => {
                let driver = cause.downcast_ref().map(uptrakit_store::Error::detail);
                Some(Failure { cause: driver.unwrap_or_else(|| cause.to_string()).into(), is_outage: false })
            }
            Self::HasherSaturated => {
                Some(Failure { cause: "too many passwords are being hashed".into(), is_outage: false })
            }
            _ => None,
        }
    }

    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code(), self.to_string());
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
            Self::Rejected(Rejection::OnHold) => ProblemCode::TokenOnHold,
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
            Self::UnsupportedMediaType | Self::EncodedBody => ProblemCode::UnsupportedMediaType,
            Self::TooManyRequests(_) => ProblemCode::TooManyRequests,
            Self::Internal(_) => ProblemCode::Internal,
        }
    }

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

fn fields_detail(errors: &[FieldError]) -> String {
    match errors {
        [only] => {
            let end = if only.message.ends_with(['.', '?', '!']) { "" } else { "." };
            format!("{} {}{end}", only.field, only.message)
        }
        all => format!("{} fields are wrong.", all.len()),
    }
}

fn rejection_detail(refusal: Rejection) -> String {
    match refusal {
        Rejection::Missing => "Send an API token: Authorization: Bearer upk_…".into(),
        Rejection::SessionOver => "You are not signed in, or your session has ended. Sign in again.".into(),
        Rejection::Unknown => "This is no token that is known here.".into(),
        Rejection::Wrapped(wrappings) => {
            format!("This is no API token: it {wrappings}. Send the token alone: Authorization: Bearer upk_…")
        }
        Rejection::Expired => "The token has expired; create a new one.".into(),
        Rejection::Revoked => "The token was revoked, or a rotation replaced it.".into(),
        Rejection::OnHold => {
            "The token is on hold since the database was restored; its owner or an administrator confirms it.".into()
        }
        Rejection::AccountDisabled => "The token's account is deactivated.".into(),
        Rejection::Network => "The token may not be used from this address.".into(),
        Rejection::Insufficient(permission) => format!(
            "This needs the permission {permission}. A token or a connection gets it on the Profile page, an account from an \
             administrator."
        ),
        Rejection::SecretReplaced => {
            "This is the old token of a rotation, which manages no tokens (tokens:write); use the new one.".into()
        }
        Rejection::SessionNeeded => "This needs a web session; an API token can't do it.".into(),
    }
}

impl From<uptrakit_store::Error> for Error {
    fn from(error: uptrakit_store::Error) -> Self {
        if error.is_outage() { Self::Unavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

impl From<InconsistentRow> for Error {
    fn from(error: InconsistentRow) -> Self {
        Self::Internal(error.into())
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Rejected(refusal) => Self::Rejected(refusal),
            AuthError::TooManyRequests(wait) => Self::TooManyRequests(wait),
            AuthError::Unavailable(cause) => Self::Unavailable((&*cause).into()),
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

#[cfg(test)]
mod tests {
    use std::{error::Error as _, io};

    use super::Error;

    #[test]
    fn what_the_database_said_is_kept_for_the_log_and_not_shown() {
        let error = Error::from(uptrakit_store::Error::from(io::Error::other("disk on fire")));
        assert!(matches!(error, Error::Unavailable(_)) && !error.to_string().contains("fire"));
        assert!(error.source().is_some_and(<dyn std::error::Error>::is::<uptrakit_store::Error>));
        assert!(error.failure().is_some_and(|failure| failure.is_outage && failure.cause.contains("disk on fire")));
        let error = Error::Internal("a sentence".into());
        assert!(error.failure().is_some_and(|failure| !failure.is_outage && &*failure.cause == "a sentence"));
    }
}
