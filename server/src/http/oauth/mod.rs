//! The endpoints of the authorization server (OAuth 2.1) that programs and browsers call.

mod answer;
mod authorize;
mod cors;
mod device;
pub mod documents;
mod form;
mod metadata;
mod page;
mod register;
mod revoke;
mod token;

use axum::{
    Extension, Router,
    extract::State,
    routing::{any, get, post},
};
use uptrakit_core::{error::Error, state::Core};

use self::documents::Documents;
use crate::{App, http::problem::ErrorResponse};

pub fn router(core: &Core, has_mcp: bool, documents: Documents) -> Router<App> {
    if !core.oauth_rules.is_on {
        return Router::new();
    }
    let register = if core.oauth_rules.registration {
        post(register::register_application)
    } else {
        post(register::refuse_registration)
    };
    let protected_resource =
        if has_mcp { get(metadata::get_protected_resource) } else { any(async || ErrorResponse(Error::NotFound)) };
    let authorization_server = async move |State(app): State<App>| metadata::authorization_server(&app, has_mcp);
    // Clients that run in a browser call these from pages of their own. No cookie counts at any of them.
    let for_any_origin = Router::new()
        .route("/.well-known/oauth-authorization-server", get(authorization_server))
        .route("/.well-known/oauth-protected-resource", protected_resource.clone())
        .route("/.well-known/oauth-protected-resource/mcp/", protected_resource.clone())
        .route("/.well-known/oauth-protected-resource/mcp", protected_resource)
        .route("/.well-known/openid-configuration", any(async || ErrorResponse(Error::NotFound)))
        .route("/oauth/token", post(token::create_tokens))
        .route("/oauth/revoke", post(revoke::revoke_token))
        .route("/oauth/register", register)
        .method_not_allowed_fallback(async || ErrorResponse(Error::MethodNotAllowed))
        .layer(cors::for_any_origin());
    Router::new()
        .merge(for_any_origin)
        .route("/oauth/authorize", get(authorize::authorize))
        .route("/oauth/device_authorization", post(device::begin_device))
        .layer(Extension(documents))
}
