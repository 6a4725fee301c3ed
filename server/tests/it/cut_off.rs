//! Contract, section 3, R2 and R3: what is under way when a credential dies.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{Method, header};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::support::{on_both, report};

/// A body whose first half is there and whose second half never comes.
fn endless_body() -> Body {
    let half = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"machine_id\":"))]);
    Body::from_stream(futures_util::StreamExt::chain(half, stream::pending()))
}

on_both! {
    async fn a_request_whose_body_is_still_arriving_gets_401(server: TestServer) {
        let root = server.with_root().await;
        let other = server.another().await;
        for (name, there) in [("here", &server), ("there", &other)] {
            let (id, text) = root.new_token(json!({ "name": name })).await;
            let there = there.bearer(&text);
            let request = there.request(Method::POST, "/hosts/report").header(header::CONTENT_TYPE, "application/json");
            let pending = tokio::spawn(async move { there.send(request, endless_body()).await });
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(!pending.is_finished());
            root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
            let reply = tokio::time::timeout(Duration::from_secs(3), pending).await.expect("it is cut off").unwrap();
            reply.refused(401, "token-revoked");
        }
        assert_eq!(root.get("/hosts").await.ok(200)["total"], 0);
    }

    async fn a_stream_ends_with_its_token_in_every_process(server: TestServer) {
        let root = server.with_root().await;
        let (id, text) = root.new_token(json!({ "name": "ci" })).await;
        let (_, untouched) = root.new_token(json!({ "name": "other" })).await;
        let other = server.another().await;
        let mut streams = Vec::new();
        for client in [server.bearer(&text), other.bearer(&text), other.bearer(&untouched)] {
            let response = client.open("/hosts/events").await;
            assert_eq!(response.status(), 200);
            streams.push(response.into_body());
        }
        root.post("/hosts/report", report("m")).await.ok(201);
        for body in &mut streams {
            let text = read_until(body, "event: host\n").await;
            assert!(text.contains("\"hostname\":\"nas\""), "{text}");
        }
        let revoked = root.delete(&format!("/auth/api-tokens/{id}")).await;
        assert_eq!(revoked.header("uptrakit-cut-off"), "1", "one of the two is in this process");
        let survivor = streams.pop().unwrap();
        for mut body in streams {
            let end = tokio::time::timeout(Duration::from_secs(3), async { while body.frame().await.is_some() {} }).await;
            assert!(end.is_ok(), "the stream goes on");
        }
        let mut survivor = survivor;
        root.post("/hosts/report", report("n")).await.ok(201);
        read_until(&mut survivor, "\"machine_id\":\"n\"").await;
    }

    async fn a_stream_ends_at_the_token_s_own_end_and_with_the_permission(server: TestServer) {
        let root = server.with_root().await;
        let (_, short) = root.new_token(json!({ "name": "short", "expires_at": "2030-01-01T00:01:00Z" })).await;
        let (id, wide) = root.new_token(json!({ "name": "wide" })).await;
        let mut expiring = server.bearer(&short).open("/hosts/events").await.into_body();
        let mut narrowed = server.bearer(&wide).open("/hosts/events").await.into_body();
        read_until(&mut expiring, "following").await;
        read_until(&mut narrowed, "following").await;
        server.advance(60_000);
        ends(expiring).await;
        root.patch(&format!("/auth/api-tokens/{id}"), json!({ "permissions": ["hosts:report"] })).await.ok(200);
        ends(narrowed).await;
    }
}

async fn ends(mut body: Body) {
    let end = tokio::time::timeout(Duration::from_secs(3), async { while body.frame().await.is_some() {} }).await;
    assert!(end.is_ok(), "the stream goes on");
}

async fn read_until(body: &mut Body, part: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.contains(part) {
            let frame = body.frame().await.expect("the stream goes on").unwrap();
            text.push_str(&String::from_utf8_lossy(frame.data_ref().unwrap()));
        }
    };
    tokio::time::timeout(Duration::from_secs(5), reading).await.expect("the event comes");
    text
}
