//! The device authorization endpoint (RFC 8628, section 3.1), for programs without a browser at hand.

use axum::{
    Json,
    extract::{Request, State},
};
use serde::Serialize;
use uptrakit_api::Secret;
use uptrakit_core::{
    auth::rate_limit::ClientNetwork,
    domain::oauth::{
        devices::{self, DeviceRequest},
        error::OAuthError,
        resource::Resource,
        scope,
    },
    text::parse_line,
};

use super::{answer::OAuthErrorResponse, form::Form};
use crate::{App, http::caller::program};

const LONGEST_TOKEN_NAME: usize = 64;

#[derive(Debug, Serialize)]
pub struct DeviceAuthorization {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

pub async fn begin_device(
    State(app): State<App>,
    request: Request,
) -> Result<Json<DeviceAuthorization>, OAuthErrorResponse> {
    let program = program(request.headers()).map(String::from);
    let form = <Form as axum::extract::FromRequest<App>>::from_request(request, &app).await?;
    let application = form.application(&app).await?;
    let network = ClientNetwork::from(form.context.address);
    if let Some(wait) = app.oauth_limits.authorize.fail(network, app.clock.now()) {
        return Err(OAuthError::TooManyRequests(wait).into());
    }
    let proposed = form.get("token_name").filter(|_| application.is_command_line());
    let request = DeviceRequest {
        permissions: form.scope()?.unwrap_or(scope::LEAST),
        resource: form.resource(&app, &application)?.unwrap_or(Resource::Mcp),
        token_name: proposed.and_then(|name| parse_line(name, LONGEST_TOKEN_NAME).ok()),
        program,
    };
    let begun = devices::begin(&app, &form.context, &application, request).await?;
    let page = format!("{}/device", app.public_url.as_str());
    Ok(Json(DeviceAuthorization {
        device_code: begun.device_code,
        verification_uri_complete: format!("{page}?code={}", begun.user_code),
        user_code: begun.user_code,
        verification_uri: page,
        expires_in: begun.expires_in_seconds,
        interval: begun.interval_seconds,
    }))
}
