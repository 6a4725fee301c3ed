//! Converts errors into answers: status, headers, and the problem document (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use uptrakit_api::Permission;
use uptrakit_core::{auth::credential::Rejection, error::Error};

#[derive(Debug)]
pub struct ErrorResponse(pub Error);

impl<E: Into<Error>> From<E> for ErrorResponse {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Returns `WWW-Authenticate` (RFC 6750, section 3) when a bearer token would help or was not enough.
fn challenge(error: &Error) -> Option<String> {
    const REALM: &str = "Bearer realm=\"uptrakit\"";
    let scope = |scope: &dyn std::fmt::Display| format!("{REALM}, error=\"insufficient_scope\", scope=\"{scope}\"");
    match error {
        Error::Rejected(Rejection::Missing | Rejection::SessionOver) => Some(REALM.into()),
        Error::Rejected(
            Rejection::Unknown
            | Rejection::Wrapped(_)
            | Rejection::Expired
            | Rejection::Revoked
            | Rejection::OnHold
            | Rejection::AccountDisabled,
        ) => Some(format!("{REALM}, error=\"invalid_token\"")),
        Error::Rejected(Rejection::Insufficient(permission)) => Some(scope(permission)),
        Error::Rejected(Rejection::SecretReplaced) => Some(scope(&Permission::TokensWrite)),
        Error::MorePermissions(more) => Some(scope(more)),
        Error::Rejected(Rejection::SessionNeeded) | Error::BeyondOwnLimits(_) => {
            Some(format!("{REALM}, error=\"insufficient_scope\""))
        }
        _ => None,
    }
}

fn headers(error: &Error) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: String| {
        headers.insert(name, HeaderValue::try_from(value).expect("these values are plain ASCII"));
    };
    if let Some(challenge) = challenge(error) {
        set(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = error.retry_after() {
        set(header::RETRY_AFTER, seconds.to_string());
    }
    headers
}

/// The response carries the problem as an extension; the outermost layer adds the request's id and writes the body.
impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let headers = headers(&error);
        let failure = error.failure();
        let problem = error.problem();
        let status = StatusCode::from_u16(problem.status).expect("every code has a valid status");
        let mut response = (status, headers).into_response();
        response.extensions_mut().insert(problem);
        if let Some(failure) = failure {
            response.extensions_mut().insert(failure);
        }
        response
    }
}
