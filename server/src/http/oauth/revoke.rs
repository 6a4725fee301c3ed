//! The revocation endpoint (RFC 7009), for applications that end their own tokens.

use axum::extract::State;
use http::StatusCode;
use uptrakit_core::domain::oauth::revoke;

use super::{answer::OAuthErrorResponse, form::Form};
use crate::App;

pub async fn revoke_token(State(app): State<App>, form: Form) -> Result<StatusCode, OAuthErrorResponse> {
    let application = form.application_within(&app, &app.oauth_limits.revocations).await?;
    revoke::revoke(&app, &form.context, &application, form.require("token")?).await?;
    Ok(StatusCode::OK)
}
