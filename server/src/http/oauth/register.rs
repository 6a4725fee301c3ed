//! The registration endpoint (RFC 7591): an application says what it is, and gets a `client_id`.

use axum::{
    Json,
    extract::{Request, State},
};
use http::StatusCode;
use uptrakit_core::domain::oauth::{
    applications,
    error::OAuthError,
    registration::{ClientMetadata, InvalidMetadata, LARGEST, Registered},
};

use super::answer::OAuthErrorResponse;
use crate::{
    App,
    http::{body, caller::request_context},
};

pub async fn register_application(
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<Registered>), OAuthErrorResponse> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(&parts.headers, body).await?;
    if bytes.len() > LARGEST {
        return Err(refused(InvalidMetadata::metadata("The metadata is over 8 kB.")));
    }
    let metadata: ClientMetadata = serde_json::from_slice(&bytes).map_err(|_| {
        refused(InvalidMetadata::metadata("The body must be a JSON object whose members have the types of RFC 7591."))
    })?;
    let registration = metadata.check().map_err(refused)?;
    let registered = applications::register(&app, &request_context(&parts), &registration).await?;
    Ok((StatusCode::CREATED, Json(registration.answer(registered.client_id, registered.created_at.0 / 1_000))))
}

pub async fn refuse_registration() -> OAuthErrorResponse {
    let why = "This server takes no registrations. Its administrator can allow them: UPTRAKIT_OAUTH_REGISTRATION.";
    OAuthError::refuse("access_denied", why).into()
}

fn refused(InvalidMetadata { error, description }: InvalidMetadata) -> OAuthErrorResponse {
    OAuthError::Refused(error, description.into()).into()
}
