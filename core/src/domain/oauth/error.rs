//! Errors of the endpoints that programs call (RFC 6749, section 5.2). A program acts on the code; the description is
//! for its developer.

use std::{borrow::Cow, time::Duration};

use uptrakit_store::Error as StoreError;

use crate::{auth::credential::InconsistentRow, error::Error};

#[derive(Debug)]
pub enum OAuthError {
    /// A code of the RFCs, and a sentence in plain ASCII without quotes.
    Refused(&'static str, Cow<'static, str>),
    TooManyRequests(Duration),
    Failed(Error),
}

impl OAuthError {
    #[must_use]
    pub const fn refuse(code: &'static str, description: &'static str) -> Self {
        Self::Refused(code, Cow::Borrowed(description))
    }

    pub(super) const fn invalid_grant(description: &'static str) -> Self {
        Self::refuse("invalid_grant", description)
    }

    /// The application was deleted, or never existed. Applications register again when they read this code.
    #[must_use]
    pub const fn unknown_client() -> Self {
        Self::refuse("invalid_client", "This application is not known here. Register it again.")
    }
}

impl<E: Into<Error>> From<E> for OAuthError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// An application may be deleted while something is issued to it: then the row that it has to name is gone.
pub(super) fn of_insert(error: StoreError) -> OAuthError {
    if error.is_foreign_key_violation() { OAuthError::unknown_client() } else { error.into() }
}

pub(super) fn inconsistent(what: &'static str) -> Error {
    InconsistentRow(what).into()
}
