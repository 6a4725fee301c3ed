//! Errors of the endpoints that programs call: JSON with a code of the RFCs (RFC 6749, section 5.2), never a problem
//! document.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use uptrakit_core::{domain::oauth::error::OAuthError, error::Error};

use crate::http::problem::ErrorResponse;

#[derive(Debug)]
pub struct OAuthErrorResponse(pub OAuthError);

impl<E: Into<OAuthError>> From<E> for OAuthErrorResponse {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<ErrorResponse> for OAuthErrorResponse {
    fn from(ErrorResponse(error): ErrorResponse) -> Self {
        Self(OAuthError::Failed(error))
    }
}

impl IntoResponse for OAuthErrorResponse {
    fn into_response(self) -> Response {
        match self.0 {
            OAuthError::Refused(code, description) => {
                let status = if code == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
                (status, body(code, &description)).into_response()
            }
            OAuthError::TooManyRequests(wait) => failed(&Error::TooManyRequests(wait)),
            OAuthError::Failed(error) => failed(&error),
        }
    }
}

fn body(code: &str, description: &str) -> Json<serde_json::Value> {
    Json(json!({ "error": code, "error_description": description }))
}

fn failed(error: &Error) -> Response {
    let (failure, retry_after) = (error.failure(), error.retry_after());
    let problem = error.problem();
    let code = match problem.status {
        429 | 503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body(code, &problem.detail)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(failure) = failure {
        response.extensions_mut().insert(failure);
    }
    response
}
