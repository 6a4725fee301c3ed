//! Contract, section 4, "Errors": every bad input is answered with its problem document.

use axum::body::Body;
use http::{Method, header};
use serde_json::json;

use crate::support::{TestServer, on_both};

on_both!(
    bad_bodies_are_told_apart,
    unknown_paths_and_methods_are_problems_too,
    secrets_are_not_repeated_in_refusals,
    health_and_readiness_answer,
    without_a_database_nobody_passes
);

async fn bad_bodies_are_told_apart(server: TestServer) {
    let root = server.with_root().await;
    let send = async |body: &[u8]| {
        let request = root.request(Method::POST, "/auth/api-tokens").header(header::CONTENT_TYPE, "application/json");
        root.send(request, body.to_vec()).await
    };
    for malformed in ["", "{", "{\"name\":}", "nonsense", "{\"name\":\"x\"} trailing"] {
        send(malformed.as_bytes()).await.refused(400, "invalid-request");
    }
    send(b"{\"name\":\"\xff\xfe\"}").await.refused(400, "invalid-request");
    send("[".repeat(100_000).as_bytes()).await.refused(400, "invalid-request");
    for no_object in ["[]", "null", "7", "\"text\""] {
        send(no_object.as_bytes()).await.refused(422, "invalid-field");
    }
    send(&vec![b' '; 1_000_001]).await.refused(413, "too-large");
    let endless =
        futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(axum::body::Bytes::from(vec![b' '; 65_536])));
    let request = root.request(Method::POST, "/auth/api-tokens").header(header::CONTENT_TYPE, "application/json");
    root.send(request, Body::from_stream(endless)).await.refused(413, "too-large");
    let request = root
        .request(Method::POST, "/auth/api-tokens")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    root.send(request, "name=x").await.refused(415, "unsupported-media-type");
    assert_eq!(root.get("/auth/api-tokens?state=all").await.ok(200)["total"], 0);
}

async fn unknown_paths_and_methods_are_problems_too(server: TestServer) {
    let root = server.with_root().await;
    root.get("/nowhere").await.refused(404, "not-found");
    root.delete("//rpc/nowhere").await.refused(404, "not-found");
    let reply = root.put("/auth/me", json!({})).await;
    reply.refused(405, "method-not-allowed");
    assert!(reply.header("allow").contains("GET"));
    let reply = root.get("/rpc/create_token").await;
    reply.refused(405, "method-not-allowed");
    assert_eq!(reply.header("allow"), "POST");
    let reply = root.post("//login", json!({})).await;
    reply.refused(405, "method-not-allowed");
    assert_eq!(reply.header("allow"), "GET, HEAD");
}

async fn secrets_are_not_repeated_in_refusals(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let body = json!({ "name": "x", "expires_at": text, "permissions": [text], "allowed_networks": [text] });
    let reply = root.post("/auth/api-tokens", body).await;
    reply.refused(422, "invalid-field");
    assert!(!reply.text.contains(&text[4..34]));
    let reply = root.post("/auth/api-tokens", json!({ "name": { "x": text } })).await;
    reply.refused(422, "invalid-field");
    assert!(!reply.text.contains(&text[4..34]));
}

async fn health_and_readiness_answer(server: TestServer) {
    assert_eq!(server.anonymous().get("//healthz").await.status, 200);
    assert_eq!(server.anonymous().get("//readyz").await.status, 200);
    server.app.close().await.unwrap();
    assert_eq!(server.anonymous().get("//healthz").await.status, 200);
    let unready = server.anonymous().get("//readyz").await;
    unready.refused(503, "unavailable");
    assert!(!unready.header("retry-after").is_empty());
}

async fn without_a_database_nobody_passes(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let token = server.bearer(&text);
    token.get("/auth/me").await.ok(200);
    server.app.close().await.unwrap();
    for client in [token, root] {
        let reply = client.get("/hosts").await;
        reply.refused(503, "unavailable");
        assert!(!reply.header("retry-after").is_empty());
    }
}
