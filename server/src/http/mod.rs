//! Builds the router: every route, and the layers that a request passes through.

mod answer;
mod api;
mod assets;
mod body;
mod caller;
mod guide;
mod health;
pub mod layer;
mod linger;
mod mcp;
mod measured;
pub mod metrics;
pub mod oauth;
pub mod openapi;
mod origin;
mod problem;
mod representation;
mod reset;
mod rpc;
pub mod serve;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, middleware, routing::get};
use uptrakit_core::{error::Error, state::Core};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    oauth::documents::{Documents, Network},
    problem::ErrorResponse,
};
use crate::App;

fn api() -> OpenApiRouter<App> {
    api_without_oauth().merge(api_of_oauth())
}

fn api_of_oauth() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(api::applications::list_connected_applications))
        .routes(routes!(api::applications::delete_connected_application))
        .routes(routes!(api::applications::list_applications))
        .routes(routes!(api::applications::update_application, api::applications::delete_application))
        .routes(routes!(api::applications::list_user_applications))
        .routes(routes!(api::applications::delete_user_application))
}

fn api_without_oauth() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(api::sessions::create_session, api::sessions::list_sessions))
        .routes(routes!(api::sessions::delete_session))
        .routes(routes!(api::accounts::update_password))
        .routes(routes!(api::accounts::get_me))
        .routes(routes!(api::tokens::list_tokens, api::tokens::create_token))
        .routes(routes!(api::tokens::get_token, api::tokens::update_token, api::tokens::delete_token))
        .routes(routes!(api::tokens::rotate_token))
        .routes(routes!(api::tokens::end_overlap))
        .routes(routes!(api::tokens::confirm_token))
        .routes(routes!(api::hosts::list_hosts))
        .routes(routes!(api::hosts::report_host))
        .routes(routes!(api::hosts::follow_hosts))
        .routes(routes!(api::hosts::get_host, api::hosts::update_host, api::hosts::delete_host))
        .routes(routes!(api::users::list_users, api::users::create_user))
        .routes(routes!(api::users::update_user))
        .routes(routes!(api::users::create_invitation))
        .routes(routes!(api::users::list_user_tokens))
        .routes(routes!(api::users::delete_user_token))
        .routes(routes!(api::users::confirm_user_token))
        .routes(routes!(api::audit::list_events))
        .routes(routes!(api::audit::export_events))
        .routes(routes!(api::audit::list_own_events))
        .routes(routes!(openapi::get_openapi))
}

/// The parts that the server offers beside the JSON API and the page, and the address that it listens on.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    pub listen: SocketAddr,
    pub mcp: bool,
}

/// Builds the router of the whole server.
///
/// Every request passes one layer: `request_context` assigns its id, finds the client's address, and on the way back
/// writes problem documents, headers, log and metrics, so that no answer leaves without them. Within it `cut_off` stops
/// the request when its credential becomes invalid, whatever the handler is waiting for.
pub fn router(core: &Arc<Core>, offer: Offer) -> Router {
    router_with(core, offer, Documents::new(Network::default()))
}

pub fn router_with(core: &Arc<Core>, offer: Offer, documents: Documents) -> Router {
    let app = App(Arc::clone(core));
    let (api, _) = if core.oauth_rules.is_on { api() } else { api_without_oauth() }.split_for_parts();
    let api = api
        .fallback(async || ErrorResponse(Error::NotFound))
        .method_not_allowed_fallback(async || ErrorResponse(Error::MethodNotAllowed));
    let router = Router::new()
        .nest("/api/v1", api)
        .merge(rpc::router(offer.mcp))
        .merge(oauth::router(core, offer.mcp, documents))
        .route("/healthz", get(health::is_alive))
        .route("/readyz", get(health::is_ready))
        .route("/readyz/reads", get(health::is_ready_for_reads))
        .route("/docs", get(guide::get_page))
        .route("/docs/", get(guide::get_page))
        .route("/docs/{*path}", get(guide::get_page))
        .fallback(assets::serve)
        .method_not_allowed_fallback(async || ErrorResponse(Error::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(app.clone(), layer::request_context::request_context))
        .with_state(app.clone());
    if offer.mcp { router.merge(mcp::router(&app, offer.listen)) } else { router }
}
