//! Handlers for the caller's account.

use axum::extract::State;
use http::StatusCode;
use uptrakit_api::{ChangePassword, Me};
use uptrakit_core::{
    auth::authorized::{AnyCredential, Authorized, WebSession},
    domain::accounts,
};

use crate::{
    App,
    http::{answer::Data, body::Json, problem::ErrorResponse},
};

/// Get the caller's account, and the API token if the request carries one
#[utoipa::path(get, path = "/auth/me", tag = "account", responses((status = 200, body = Me)))]
pub async fn get_me(State(app): State<App>, actor: Authorized<AnyCredential>) -> Data<Me> {
    Data(accounts::me(&app, &actor))
}

/// Change the caller's password
#[utoipa::path(
    put, path = "/auth/password", tag = "account", request_body = ChangePassword, responses((status = 204)),
    security(("session" = []))
)]
pub async fn update_password(
    State(app): State<App>,
    actor: Authorized<WebSession>,
    Json(request): Json<ChangePassword>,
) -> Result<StatusCode, ErrorResponse> {
    accounts::change_password(&app, &actor, request).await?;
    Ok(StatusCode::NO_CONTENT)
}
