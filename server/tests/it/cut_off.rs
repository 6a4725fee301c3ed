//! Contract, section 3, R2 and R3: requests in progress when a credential becomes invalid.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use http::{Method, header};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::support::{TestServer, on_both, report};

/// Returns a body whose second half never comes. It reports through `asked` when the server asks for that half.
fn endless_body(asked: tokio::sync::oneshot::Sender<()>) -> Body {
    let half = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"machine_id\":"))]);
    Body::from_stream(half.chain(stream::once(async move {
        asked.send(()).unwrap();
        std::future::pending().await
    })))
}

on_both!(
    a_request_whose_body_is_still_arriving_gets_401,
    a_token_that_is_narrowed_while_a_body_arrives_hands_on_no_more_than_is_left,
    a_stream_ends_with_its_token_in_every_process,
    a_stream_ends_at_the_token_s_own_end_and_with_the_permission
);

async fn a_request_whose_body_is_still_arriving_gets_401(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    for (name, there) in [("here", &server), ("there", &other)] {
        let (id, text) = root.new_token(json!({ "name": name })).await;
        let there = there.bearer(&text);
        let request = there.request(Method::POST, "/hosts/report").header(header::CONTENT_TYPE, "application/json");
        let (asked, is_asked) = tokio::sync::oneshot::channel();
        let pending = tokio::spawn(async move { there.send(request, endless_body(asked)).await });
        is_asked.await.unwrap();
        assert!(!pending.is_finished());
        root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
        let reply = tokio::time::timeout(Duration::from_secs(3), pending).await.expect("it is cut off").unwrap();
        reply.refused(401, "token-revoked");
    }
    assert_eq!(root.get("/hosts").await.ok(200)["total"], 0);
}

async fn a_token_that_is_narrowed_while_a_body_arrives_hands_on_no_more_than_is_left(server: TestServer) {
    let root = server.with_root().await;
    let (big, _) = root.new_token(json!({ "name": "big" })).await;
    for narrower in [json!({ "permissions": ["tokens:write"] }), json!({ "allowed_networks": ["127.0.0.1"] })] {
        let (id, text) = root.new_token(json!({ "name": narrower.to_string() })).await;
        let own = format!("/auth/api-tokens/{id}");
        let rotate = format!("/auth/api-tokens/{big}/rotate");
        let under_way = [
            (Method::POST, "/auth/api-tokens", r#"{"name":"child"}"#),
            (Method::POST, "/auth/api-tokens", r#"{"name":"child","permissions":["hosts:read"]}"#),
            (Method::PATCH, &own, r#"{"permissions":null,"allowed_networks":null}"#),
            (Method::POST, &rotate, "{}"),
        ]
        .map(|(method, path, body)| {
            let token = server.bearer(&text);
            let request = token.request(method, path).header(header::CONTENT_TYPE, "application/json");
            let ((asked, is_asked), (go_on, waits)) =
                (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel());
            let (first, rest) = body.split_at(1);
            let body =
                Body::from_stream(stream::iter([Ok::<_, std::io::Error>(first)]).chain(stream::once(async move {
                    asked.send(()).unwrap();
                    let _ = waits.await;
                    Ok(rest)
                })));
            (is_asked, (go_on, tokio::spawn(async move { token.send(request, body).await })))
        });
        let (asked, under_way): (Vec<_>, Vec<_>) = under_way.into_iter().unzip();
        for is_asked in asked {
            is_asked.await.unwrap();
        }
        root.patch(&own, narrower.clone()).await.ok(200);
        for (go_on, pending) in under_way {
            go_on.send(()).unwrap();
            let reply = pending.await.unwrap();
            if reply.status == 201 {
                let child = reply.json();
                for (limit, value) in narrower.as_object().unwrap() {
                    assert!(!child[limit].is_null(), "{limit} is {value}, and the child has none");
                }
                assert_ne!(child["id"], big, "it was rotated");
                root.delete(&format!("/auth/api-tokens/{}", child["id"].as_str().unwrap())).await.ok(204);
            } else {
                reply.refused(403, "insufficient-permission");
            }
        }
        let after = root.get(&own).await.ok(200);
        for limit in narrower.as_object().unwrap().keys() {
            assert!(!after[limit].is_null(), "it widened itself");
        }
    }
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
