//! The Model Context Protocol at `/mcp`, for assistants. rmcp speaks the protocol; what stands around it here is what
//! every request passes: where it comes from, its credential, its size, and how its refusals look (see
//! docs/decisions/0012-mcp.md).

mod answer;
mod call;
mod challenge;
mod handler;
mod prompts;
mod resources;
mod schema;
mod source;
mod tools;

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware,
    response::Response,
    routing::post,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use uptrakit_core::{error::Error, text::holds_token};

use self::{call::Call, handler::Handler};
use super::{
    body,
    caller::{authorize_bearer, request_context},
    layer,
    problem::ErrorResponse,
};
use crate::App;

const PATH: &str = "/mcp";

#[derive(Clone)]
struct Endpoint {
    app: App,
    listen: SocketAddr,
    config: StreamableHttpServerConfig,
    sessions: Arc<NeverSessionManager>,
}

/// Builds the route with layers of its own, because a challenge is completed after the layer of all requests: a request
/// that is cut off has one too.
pub fn router(app: &App, listen: SocketAddr) -> Router {
    // Hosts and origins are checked here: rmcp's lists of hosts know no proxies.
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(None);
    let endpoint = Endpoint { app: app.clone(), listen, config, sessions: Arc::default() };
    Router::new()
        .route(PATH, post(answer))
        .route("/mcp/", post(answer))
        .method_not_allowed_fallback(async || ErrorResponse(Error::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(app.clone(), layer::request_context::request_context))
        .layer(middleware::map_response_with_state(endpoint.clone(), challenge::complete))
        .with_state(endpoint)
}

async fn answer(State(endpoint): State<Endpoint>, request: Request) -> Result<Response, ErrorResponse> {
    let (mut parts, body) = request.into_parts();
    source::check(&endpoint, &parts)?;
    let actor = authorize_bearer(&endpoint.app, &parts.headers, request_context(&parts)).await?;
    body::require_json(&parts.headers)?;
    let bytes = body::read(&parts.headers, body).await?;
    // What the account may do can have changed while the body arrived, and the tools say what it may do now.
    let actor = actor.renew(&endpoint.app.auth).await?;
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Error::Malformed("Send one message in each request; this server takes no batches.").into());
    }
    prepare(&mut parts.headers);
    let handler = Handler::new(Call::new(endpoint.app, actor));
    let service = StreamableHttpService::new(
        {
            let handler = handler.clone();
            move || Ok(handler.clone())
        },
        endpoint.sessions,
        endpoint.config,
    );
    let response = service.handle(Request::from_parts(parts, Full::new(bytes))).await;
    if let Some(error) = handler.take_stop() {
        return Err(error.into());
    }
    refine(response).await
}

/// Every answer is one JSON object, so that what a client says it accepts makes no difference. rmcp needs no
/// credential, and must not log one.
fn prepare(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    headers.remove(header::COOKIE);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    // The `Host` header was checked before, and a proxy may have left it out.
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
}

/// Turns those answers of rmcp that are no JSON-RPC into problem documents. No answer has a secret in it: one that does
/// repeats what the client put into the wrong place.
async fn refine(
    response: http::Response<impl http_body::Body<Data = Bytes, Error = Infallible>>,
) -> Result<Response, ErrorResponse> {
    let (head, body) = response.into_parts();
    let is_json = head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    if str::from_utf8(&bytes).is_ok_and(holds_token) {
        return Err(
            Error::Malformed("The message has a token in it; the header Authorization alone may have one.").into()
        );
    }
    match head.status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Err(Error::Malformed("The body is no JSON-RPC message of the Model Context Protocol.").into())
        }
        StatusCode::BAD_REQUEST if !is_json => Err(Error::Malformed(
            "The header MCP-Protocol-Version names no version that this server speaks: 2025-03-26, 2025-06-18, \
             2025-11-25 or 2026-07-28.",
        )
        .into()),
        status if status.is_server_error() => {
            Err(Error::Internal(format!("the MCP library answered {status}").into()).into())
        }
        _ => Ok(Response::from_parts(head, Body::from(bytes))),
    }
}
