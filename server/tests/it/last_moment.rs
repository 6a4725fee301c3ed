//! Contract, section 3, R2, at its narrowest: the credential becomes invalid in the very step in which the handler
//! finishes, too late for the task that watches it. The answer has not begun, so it must be the rejection.

use axum::{Router, middleware, routing::get};
use serde_json::json;
use tokio::{runtime::Handle, task::block_in_place};
use uptrakit_core::auth::authorized::{AnyCredential, Authorized};
use uptrakit_server::{App, http::layer::request_context::request_context};

use crate::support::{TestServer, on_both};

/// Builds the server's own layer around a handler that runs `end` and then answers without yielding in between. With
/// `waits` the handler yields before that, so that its credential is watched by then.
fn ending_router<E: Future<Output = ()> + Send>(
    server: &TestServer,
    end: impl FnOnce() -> E + Clone + Send + Sync + 'static,
    waits: bool,
) -> Router {
    let handler = move |_: Authorized<AnyCredential>| async move {
        if waits {
            tokio::task::yield_now().await;
        }
        block_in_place(|| Handle::current().block_on(end()));
        "done"
    };
    Router::new()
        .route("/api/v1/ending", get(handler))
        .layer(middleware::from_fn_with_state(App(server.app.clone()), request_context))
        .with_state(App(server.app.clone()))
}

on_both!(a_token_that_dies_as_the_handler_finishes_gets_the_refusal);

async fn a_token_that_dies_as_the_handler_finishes_gets_the_refusal(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    for (revoker, waits) in [(&server, false), (&server, true), (&other, false), (&other, true)] {
        let (id, text) = root.new_token(json!({ "name": "ci" })).await;
        let (revoker, app) = (root.clone().at(revoker), App(server.app.clone()));
        let end = move || async move {
            revoker.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
            // This server learns of another server's revoke a moment later.
            app.verifier.catch_up().await.unwrap();
        };
        let client = server.bearer(&text);
        client.get("/auth/me").await.ok(200);
        client.through(ending_router(&server, end, waits)).get("/ending").await.refused(401, "token-revoked");
    }
}
