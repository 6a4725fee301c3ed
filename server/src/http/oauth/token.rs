//! The token endpoint (OAuth 2.1, section 3.2): the one place that answers tokens.

use axum::{Json, extract::State};
use serde::Serialize;
use uptrakit_api::Secret;
use uptrakit_core::domain::oauth::{
    codes::{self, CodeExchange},
    devices,
    error::OAuthError,
    issue::Issued,
    refresh::{self, RefreshRequest},
};

use super::{answer::OAuthErrorResponse, form::Form};
use crate::App;

#[derive(Debug, Serialize)]
pub struct Tokens {
    access_token: Secret,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    scope: String,
}

impl From<Issued> for Tokens {
    fn from(issued: Issued) -> Self {
        Self {
            access_token: issued.access_token,
            token_type: "Bearer",
            expires_in: issued.expires_in_seconds,
            refresh_token: issued.refresh_token,
            scope: issued.scope.to_string(),
        }
    }
}

pub async fn create_tokens(State(app): State<App>, form: Form) -> Result<Json<Tokens>, OAuthErrorResponse> {
    let application = form.application(&app).await?;
    let resource = form.resource(&app, &application)?;
    let issued = match form.require("grant_type")? {
        "authorization_code" => {
            let request = CodeExchange {
                code: form.require("code")?,
                redirect_uri: form.get("redirect_uri"),
                verifier: form.require("code_verifier")?,
                resource,
            };
            codes::exchange(&app, &form.context, &application, &request).await?
        }
        "refresh_token" => {
            let refresh_token = form.require("refresh_token")?;
            let request = RefreshRequest { refresh_token, scope: form.scope()?, resource };
            refresh::refresh(&app, &form.context, &application, &request).await?
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            devices::poll(&app, &form.context, &application, form.require("device_code")?).await?
        }
        _ => {
            let why = "The grant_type must be authorization_code, refresh_token or the one of RFC 8628.";
            return Err(OAuthError::refuse("unsupported_grant_type", why).into());
        }
    };
    Ok(Json(issued.into()))
}
