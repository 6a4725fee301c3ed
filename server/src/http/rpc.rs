//! Serves the server functions of the single-page app under `/rpc`. They have no defence of their own against requests
//! that other sites cause, so this module accepts nothing but POST with JSON from the same origin.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode, header};
use leptos::server_fn::ServerFn;
use uptrakit_api::{Problem, Secret};
use uptrakit_app::rpc::{ListActivity, ListSessions, ListTokens, PageAnswer, PageRequest, RpcError, SessionChange};
use uptrakit_core::error::Error;

use super::{
    api::sessions::{browser, set_cookie, signed_out},
    body,
};
use crate::{
    App,
    http::{
        answer::{WithoutSecret, compressible},
        caller::{program, request_context, session_cookie},
        origin::{self, Origin},
        problem::ErrorResponse,
    },
};

/// The server functions whose answers are compressed when they are large. An answer with a secret can't be listed here.
const DATA: [&str; 3] = [path::<ListActivity>(), path::<ListSessions>(), path::<ListTokens>()];

const fn path<F: ServerFn<Output: WithoutSecret>>() -> &'static str {
    F::PATH
}

/// Adds one route per server function, so that any other path has no route at all.
pub fn router(has_mcp: bool) -> Router<App> {
    let answer = move |State(app): State<App>, request: Request| call(app, request, has_mcp);
    leptos::server_fn::axum::server_fn_paths().fold(Router::new(), |router, (path, _)| router.route(path, post(answer)))
}

async fn call(app: App, request: Request, has_mcp: bool) -> Result<Response, ErrorResponse> {
    let (mut parts, body) = request.into_parts();
    let is_data = DATA.contains(&parts.uri.path());
    if Origin::of(&parts.headers, app.public_url.as_str()) != Origin::Same {
        return Err(origin::refuse(&request_context(&parts), &parts.headers, app.public_url.as_str()).into());
    }
    body::require_json(&parts.headers)?;
    let bytes = body::read(&parts.headers, body).await?;
    // With these headers a server function would answer with a redirect to the address in `Referer`.
    parts.headers.remove(header::ACCEPT);
    parts.headers.remove(header::REFERER);
    // The page authenticates with its session alone.
    parts.headers.remove(header::AUTHORIZATION);
    let cookie = session_cookie(&parts.headers, app.public_url.cookie_name())?.map(|value| Secret(value.to_owned()));
    let page = PageRequest::new(
        Arc::clone(&app),
        request_context(&parts),
        cookie,
        browser(&app, &parts.headers)?,
        program(&parts.headers),
        has_mcp,
    );
    let request = Request::from_parts(parts, Body::from(bytes));
    let provide = {
        let page = page.clone();
        move || leptos::context::provide_context(page.clone())
    };
    let answer = leptos_axum::handle_server_fns_with_context(provide, request).await.into_response();
    let mut response = with_status(answer).await?;
    let PageAnswer { session, failure } = page.take_answer();
    match session {
        Some(SessionChange::Begins(cookie)) => {
            response.headers_mut().append(header::SET_COOKIE, set_cookie(&app.public_url, &cookie));
        }
        Some(SessionChange::Ends) => response.headers_mut().extend(signed_out(&app.public_url)),
        None => {}
    }
    if let Some(failure) = failure {
        response.extensions_mut().insert(failure);
    }
    Ok(if is_data { compressible(response) } else { response })
}

/// Server functions answer every error with 500; the problem in the body has the real status.
async fn with_status(answer: Response) -> Result<Response, ErrorResponse> {
    if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return Ok(answer);
    }
    let bytes = body::read(&HeaderMap::new(), answer.into_body()).await?;
    let Ok(RpcError(problem)) = serde_json::from_slice::<RpcError>(&bytes) else {
        return Err(Error::Internal("a server function failed without a problem".into()).into());
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = status.into_response();
    if let Some(seconds) = problem.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert::<Problem>(problem);
    Ok(response)
}
