//! The endpoints of the authorization server (OAuth 2.1) that programs and browsers call.

mod answer;
mod device;
mod form;
mod revoke;
mod token;

use axum::{Router, routing::post};

use crate::App;

pub fn router() -> Router<App> {
    Router::new()
        .route("/oauth/token", post(token::create_tokens))
        .route("/oauth/revoke", post(revoke::revoke_token))
        .route("/oauth/device_authorization", post(device::begin_device))
}
