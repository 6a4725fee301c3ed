//! What every refusal looks like: a problem document (RFC 9457) with a stable code.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal, $title:literal;)+) => {
        /// The stable name of a refusal; programs decide by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl ProblemCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The HTTP status it comes with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// A short name for people, the same for every occurrence.
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
    /// The request can't be understood: malformed JSON, a credential in the query, two of one kind.
    InvalidRequest = "invalid-request", 400, "Invalid request";
    /// Sign-in failed; which part was wrong is not told.
    WrongLogin = "wrong-login", 401, "Wrong login";
    /// Nothing was presented.
    MissingCredentials = "missing-credentials", 401, "Credentials are missing";
    /// What was presented is no credential that is known here.
    InvalidToken = "invalid-token", 401, "Invalid token";
    /// The token's time is over.
    TokenExpired = "token-expired", 401, "Token has expired";
    /// The token was revoked, or its text was replaced by a rotation.
    TokenRevoked = "token-revoked", 401, "Token was revoked";
    /// The token's account is deactivated.
    AccountDisabled = "account-disabled", 401, "Account is deactivated";
    /// The credential is good but may not do this.
    InsufficientPermission = "insufficient-permission", 403, "Insufficient permission";
    /// The token may not be used from this address.
    NetworkNotAllowed = "network-not-allowed", 403, "Network not allowed";
    /// A browser's request that another site caused, or could have caused.
    CrossOrigin = "cross-origin", 403, "Cross-origin request";
    /// There is nothing here, or nothing that the caller may know of.
    NotFound = "not-found", 404, "Not found";
    /// The path exists, the method doesn't; `Allow` names those that do.
    MethodNotAllowed = "method-not-allowed", 405, "Method not allowed";
    /// An active token of the account has this name already.
    NameTaken = "name-taken", 409, "Name is taken";
    /// Nobody could administrate afterwards.
    LastAdministrator = "last-administrator", 409, "Last administrator";
    /// The account has as many active tokens as it may have.
    LimitReached = "limit-reached", 409, "Limit reached";
    /// Somebody else changed it at the same time.
    Conflict = "conflict", 409, "Conflict";
    /// The token is expired or revoked.
    NotActive = "not-active", 409, "Not active";
    /// The body is over the limit.
    TooLarge = "too-large", 413, "Too large";
    /// The body is no JSON.
    UnsupportedMediaType = "unsupported-media-type", 415, "Unsupported media type";
    /// Fields of the body or the query are wrong; `errors` names them.
    InvalidField = "invalid-field", 422, "Invalid field";
    /// Too many attempts; `Retry-After` says how long to wait.
    TooManyRequests = "too-many-requests", 429, "Too many requests";
    /// The server made a mistake.
    Internal = "internal", 500, "Internal error";
    /// The database can't answer. A change may have been made, if it fell silent at the very end.
    Unavailable = "unavailable", 503, "Unavailable";
}

/// A problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short name for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and what to do about it.
    pub detail: String,
    /// The stable code.
    pub code: ProblemCode,
    /// Names the request in the server's log.
    #[serde(default)]
    pub request_id: String,
    /// The fields that are wrong, where fields are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// How long to wait before another attempt, in seconds: the `Retry-After` header again, for pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// One field that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the request.
    pub field: String,
    /// What is wrong with it, as the end of a sentence that begins with the field's name.
    pub message: String,
}

impl Problem {
    /// A problem of this kind with this to say.
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
