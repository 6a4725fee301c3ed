//! The body of every error answer: a problem document (RFC 9457) with a stable code.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal, $title:literal;)+) => {
        /// Stable name of a kind of error, by which programs tell errors apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl ProblemCode {
            /// Every code that the API can answer.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the name that the API uses.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Returns the HTTP status of answers with this code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// Returns a short title for people, which is the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for ProblemCode {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::openapi::one_of(Self::ALL.iter().map(|name| name.as_str()))
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for ProblemCode {}
    };
}

codes! {
    /// The request can't be understood: it has malformed JSON, a credential in the query, or two credentials of one
    /// kind, or its body did not arrive in time.
    InvalidRequest = "invalid-request", 400, "Invalid request";
    /// Sign-in failed. The answer does not say which part was wrong.
    WrongLogin = "wrong-login", 401, "Wrong login";
    /// The request has no credential, or its web session has ended.
    MissingCredentials = "missing-credentials", 401, "Credentials are missing";
    /// The server does not know the credential that was presented.
    InvalidToken = "invalid-token", 401, "Invalid token";
    /// The token has expired.
    TokenExpired = "token-expired", 401, "Token has expired";
    /// The token was revoked, or a rotation replaced its secret.
    TokenRevoked = "token-revoked", 401, "Token was revoked";
    /// The token is on hold after a restore of the database, until its owner or an administrator confirms it.
    TokenOnHold = "token-on-hold", 401, "Token is on hold";
    /// The account of the token is deactivated.
    AccountDisabled = "account-disabled", 401, "Account is deactivated";
    /// The credential is valid but lacks the permission for this request.
    InsufficientPermission = "insufficient-permission", 403, "Insufficient permission";
    /// The token may not be used from this address.
    NetworkNotAllowed = "network-not-allowed", 403, "Network not allowed";
    /// The request came from a browser, and another site caused it or could have caused it.
    CrossOrigin = "cross-origin", 403, "Cross-origin request";
    /// The object does not exist, or the caller may not know that it does.
    NotFound = "not-found", 404, "Not found";
    /// The path does not support the method. The header `Allow` names the methods that it supports.
    MethodNotAllowed = "method-not-allowed", 405, "Method not allowed";
    /// Another active token of the account has this name.
    NameTaken = "name-taken", 409, "Name is taken";
    /// The change would leave no active administrator.
    LastAdministrator = "last-administrator", 409, "Last administrator";
    /// The account has reached its limit of active tokens.
    LimitReached = "limit-reached", 409, "Limit reached";
    /// Another request changed the object at the same time, or the state of the object does not allow the change.
    Conflict = "conflict", 409, "Conflict";
    /// The token is expired or revoked, so that it can't be changed.
    NotActive = "not-active", 409, "Not active";
    /// The body is larger than the server accepts.
    TooLarge = "too-large", 413, "Too large";
    /// The `Content-Type` of the body is not `application/json`.
    UnsupportedMediaType = "unsupported-media-type", 415, "Unsupported media type";
    /// Fields of the body or of the query are invalid; `errors` names them.
    InvalidField = "invalid-field", 422, "Invalid field";
    /// The client made too many failed attempts. The header `Retry-After` says how many seconds to wait.
    TooManyRequests = "too-many-requests", 429, "Too many requests";
    /// An unexpected error occurred in the server.
    Internal = "internal", 500, "Internal error";
    /// The database does not answer, or the server has too many passwords to hash. If the database failed during a
    /// commit, the change may have been made.
    Unavailable = "unavailable", 503, "Unavailable";
}

/// A problem document (RFC 9457), the body of every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// URI that names the kind of problem. Example: `urn:uptrakit:problem:not-found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short title for people, the same for every occurrence of `code`. Example: `Not found`.
    pub title: String,
    /// HTTP status of the answer. Example: `404`.
    pub status: u16,
    /// Sentence for people that says what happened in this request, and what to do about it.
    pub detail: String,
    /// Stable name of the kind of problem, by which programs tell errors apart. Example: `not-found`.
    pub code: ProblemCode,
    /// Id of the request, which the server's log lines carry as well.
    #[serde(default)]
    pub request_id: String,
    /// Invalid fields of the request; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Seconds to wait before another attempt, as in the header `Retry-After`; left out when the server names no time.
    /// Example: `5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// An invalid field of a request, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Name of the field in the request. Example: `pending_updates`.
    pub field: String,
    /// Reason why the field is invalid, as the end of a sentence that begins with its name. Example: `must be at most
    /// 1000000`.
    pub message: String,
}

impl Problem {
    /// Makes a problem document with the title and status of a code, without request id and invalid fields.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:uptrakit:problem:{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            request_id: String::new(),
            errors: Vec::new(),
            retry_after_seconds: None,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}
