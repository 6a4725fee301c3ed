//! Contract, section 4: rotation.

use axum::body::Body;
use futures_util::stream;
use http::{Method, header};
use serde_json::{Value, json};

use crate::support::{TestServer, on_both};

on_both!(
    without_overlap_the_old_text_dies_and_the_token_lives_on,
    during_the_overlap_both_texts_work_and_the_old_one_is_watched,
    the_old_secret_manages_no_tokens_during_the_overlap,
    the_old_secret_may_revoke_its_own_token,
    a_change_of_tokens_under_way_is_refused_once_its_secret_is_replaced,
    an_old_text_has_no_power_over_the_token_however_soon_that_ends,
    an_overlap_can_be_ended_now_and_a_revoke_kills_both_texts,
    of_two_rotations_at_once_one_wins,
    a_rotation_that_was_asked_for_before_another_was_done_is_the_loser,
    the_loser_of_two_rotations_is_told_so_whoever_asks,
    what_ends_at_once_ends_by_every_clock,
    what_is_over_can_be_neither_rotated_nor_edited,
    a_token_that_rotates_itself_hears_of_it
);

async fn without_overlap_the_old_text_dies_and_the_token_lives_on(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "ci", "permissions": ["hosts:read"] })).await;
    let rotated = root.post(&format!("/auth/api-tokens/{id}/rotate"), json!({})).await.ok(201);
    let new = rotated["token"].as_str().unwrap();
    assert_eq!((rotated["id"].as_str(), rotated["name"].as_str()), (Some(id.as_str()), Some("ci")));
    assert_eq!(rotated["permissions"], json!(["hosts:read"]));
    server.bearer(&old).get("/hosts").await.refused(401, "token-revoked");
    server.bearer(new).get("/hosts").await.ok(200);
}

async fn during_the_overlap_both_texts_work_and_the_old_one_is_watched(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "ci" })).await;
    let path = format!("/auth/api-tokens/{id}");
    server.bearer(&old).get("/hosts").await.ok(200);
    server.app.last_used.flush(&server.app.store, server.app.clock.now(), true).await.unwrap();
    server.advance(1_000);
    let new = root.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 3600 })).await.ok(201);
    assert!(new["rotation"]["old_last_used_at"].is_null(), "a use from before the rotation says nothing");
    let new = new["token"].as_str().unwrap();
    server.advance(1_000);
    let last = server.bearer(&old).seen_from("127.0.0.4").get("/hosts").await;
    last.ok(200);
    assert!(!last.header("uptrakit-token-expires").is_empty(), "the old text has an end");
    server.bearer(new).get("/hosts").await.ok(200);
    server.app.last_used.flush(&server.app.store, server.app.clock.now(), true).await.unwrap();
    let token = root.get(&path).await.ok(200);
    assert_eq!(token["rotation"]["old_last_used_ip"], "127.0.0.4");
    server.advance(3_599_000 - 1);
    server.bearer(&old).get("/hosts").await.ok(200);
    server.advance(1);
    server.bearer(&old).get("/hosts").await.refused(401, "token-revoked");
    server.bearer(new).get("/hosts").await.ok(200);
    assert_eq!(root.get(&path).await.ok(200).get("rotation"), None);
}

async fn the_old_secret_manages_no_tokens_during_the_overlap(server: TestServer) {
    let root = server.with_root().await;
    let me = root.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let (other_id, other) = root.new_token(json!({ "name": "other" })).await;
    let (id, old) = root.new_token(json!({ "name": "ci" })).await;
    let path = format!("/auth/api-tokens/{id}");
    let old = server.bearer(&old);
    let before = old.get("/auth/me").await.ok(200);
    let new = root.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 3600 })).await.ok(201);
    let new = server.bearer(new["token"].as_str().unwrap());

    let soon = json!({ "name": "child", "expires_in_seconds": 60 });
    for refused in [
        old.post("/auth/api-tokens", soon.clone()).await,
        old.post("/auth/api-tokens", json!({ "name": "child" })).await,
        old.post(&format!("{path}/rotate"), json!({})).await,
        old.post(&format!("/auth/api-tokens/{other_id}/rotate"), json!({})).await,
        old.patch(&path, json!({ "name": "mine" })).await,
        old.delete(&format!("{path}/overlap")).await,
        old.delete(&path).await,
        old.delete(&format!("/auth/api-tokens/{other_id}")).await,
        old.delete(&format!("/users/{me}/api-tokens/{other_id}")).await,
    ] {
        let problem = refused.refused(403, "insufficient-permission");
        assert!(problem["detail"].as_str().unwrap().contains("old token of a rotation"), "{problem}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains(r#"error="insufficient_scope", scope="tokens:write""#), "{challenge}");
    }

    old.get("/users").await.ok(200);
    let without = |account: &Value| {
        let names = account["permissions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        names.filter(|name| name != "tokens:write").collect::<Vec<_>>()
    };
    let after = old.get("/auth/me").await.ok(200);
    assert_eq!(after["permissions"], json!(without(&before)));
    assert_eq!(new.get("/auth/me").await.ok(200)["permissions"], before["permissions"]);
    server.bearer(&other).get("/auth/me").await.ok(200);
    new.post("/auth/api-tokens", soon).await.ok(201);
    new.post(&format!("{path}/rotate"), json!({})).await.ok(201);
}

async fn the_old_secret_may_revoke_its_own_token(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "ci" })).await;
    let rotate = format!("/auth/api-tokens/{id}/rotate");
    let new = root.post(&rotate, json!({ "overlap_seconds": 3600 })).await.ok(201);
    server.bearer(&old).delete("/auth/api-tokens/current").await.ok(204);
    for secret in [old.as_str(), new["token"].as_str().unwrap()] {
        server.bearer(secret).get("/auth/me").await.refused(401, "token-revoked");
    }
}

/// Each request is authorised before the rotation, and its body arrives afterwards.
async fn a_change_of_tokens_under_way_is_refused_once_its_secret_is_replaced(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    let (id, old) = root.new_token(json!({ "name": "ci" })).await;
    let path = format!("/auth/api-tokens/{id}");
    let mut pending = Vec::new();
    for (method, path, body) in
        [(Method::POST, "/auth/api-tokens", r#"{"name":"late"}"#), (Method::PATCH, &path, r#"{"name":"late"}"#)]
    {
        let ((asked, is_asked), (go_on, waits)) = (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel());
        let late = other.bearer(&old);
        let request = late.request(method, path).header(header::CONTENT_TYPE, "application/json");
        let body = Body::from_stream(stream::once(async move {
            asked.send(()).unwrap();
            let _ = waits.await;
            Ok::<_, std::io::Error>(body)
        }));
        let answer = tokio::spawn(async move { late.send(request, body).await });
        is_asked.await.unwrap();
        pending.push((go_on, answer));
    }
    root.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 3600 })).await.ok(201);
    for (go_on, answer) in pending {
        let _ = go_on.send(());
        answer.await.unwrap().refused(403, "insufficient-permission");
    }
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["items"][0]["name"], "ci");
}

async fn an_old_text_has_no_power_over_the_token_however_soon_that_ends(server: TestServer) {
    let root = server.with_root().await;
    let end = server.app.clock.now().plus_millis(600_000).to_string();
    let (id, old) = root.new_token(json!({ "name": "ci", "expires_at": end })).await;
    let path = format!("/auth/api-tokens/{id}");
    let rotated = root.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 604_800 })).await.ok(201);
    assert_eq!(rotated["rotation"]["overlap_ends_at"], json!(end), "no overlap is longer than the token lives");
    let old = server.bearer(&old);
    old.get("/hosts").await.ok(200);
    old.post(&format!("{path}/rotate"), json!({})).await.refused(403, "insufficient-permission");
    old.patch(&path, json!({ "name": "mine" })).await.refused(403, "insufficient-permission");
    server.bearer(rotated["token"].as_str().unwrap()).get("/hosts").await.ok(200);
}

async fn an_overlap_can_be_ended_now_and_a_revoke_kills_both_texts(server: TestServer) {
    let root = server.with_root().await;
    let (id, first) = root.new_token(json!({ "name": "ci" })).await;
    let path = format!("/auth/api-tokens/{id}");
    let rotate = async || {
        root.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 3600 })).await.ok(201)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let second = rotate().await;
    root.delete(&format!("{path}/overlap")).await.ok(204);
    root.delete(&format!("{path}/overlap")).await.ok(204);
    server.bearer(&first).get("/hosts").await.refused(401, "token-revoked");
    let third = rotate().await;
    server.bearer(&second).get("/hosts").await.ok(200);
    root.delete(&path).await.ok(204);
    for text in [first, second, third] {
        server.bearer(&text).get("/hosts").await.refused(401, "token-revoked");
    }
}

async fn of_two_rotations_at_once_one_wins(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await.cookie(&sign_in_cookie(&server).await);
    for round in 0..10 {
        let (id, _) = root.new_token(json!({ "name": format!("ci {round}") })).await;
        let path = format!("/auth/api-tokens/{id}/rotate");
        let (one, two) = tokio::join!(
            root.post(&path, json!({ "overlap_seconds": 60 })),
            other.post(&path, json!({ "overlap_seconds": 60 }))
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        // If one request came after the other there was no race, and both succeed.
        assert!(matches!(statuses, [201, 409 | 201]), "{statuses:?}");
        for lost in [one, two].into_iter().filter(|reply| reply.status == 409) {
            lost.refused(409, "conflict");
        }
    }
}

async fn a_rotation_that_was_asked_for_before_another_was_done_is_the_loser(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    let (id, _) = root.new_token(json!({ "name": "ci" })).await;
    let path = format!("/auth/api-tokens/{id}/rotate");
    let ((asked, is_asked), (go_on, waits)) = (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel());
    let late = root.clone().at(&other);
    let request = late.request(Method::POST, &path).header(header::CONTENT_TYPE, "application/json");
    // The server asks for the body when it has authenticated the caller.
    let body = Body::from_stream(stream::once(async move {
        asked.send(()).unwrap();
        let _ = waits.await;
        Ok::<_, std::io::Error>("{}")
    }));
    let pending = tokio::spawn(async move { late.send(request, body).await });
    is_asked.await.unwrap();
    server.advance(1);
    let won = root.post(&path, json!({})).await.ok(201);
    go_on.send(()).unwrap();
    pending.await.unwrap().refused(409, "conflict");
    server.bearer(won["token"].as_str().unwrap()).get("/hosts").await.ok(200);
    root.post(&path, json!({})).await.ok(201);
}

async fn the_loser_of_two_rotations_is_told_so_whoever_asks(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let path = format!("/auth/api-tokens/{id}/rotate");
    root.post(&path, json!({ "overlap_seconds": 60 })).await.ok(201);
    // The clock goes back, as if the request had been sent before.
    server.advance(-1);
    server.bearer(&text).post(&path, json!({ "overlap_seconds": 60 })).await.refused(409, "conflict");
}

async fn what_ends_at_once_ends_by_every_clock(server: TestServer) {
    let root = server.with_root().await;
    let ahead = server.another_ahead(60_000).await;
    let there = root.clone().at(&ahead);
    let (id, first) = root.new_token(json!({ "name": "ci" })).await;
    let path = format!("/auth/api-tokens/{id}");
    let second = there.post(&format!("{path}/rotate"), json!({})).await.ok(201);
    server.bearer(&first).get("/hosts").await.refused(401, "token-revoked");
    let second = second["token"].as_str().unwrap();
    // The clock of the other server has to reach the time that the first one wrote.
    server.advance(60_000);
    root.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 30 })).await.ok(201);
    server.bearer(second).get("/hosts").await.ok(200);
    there.delete(&format!("{path}/overlap")).await.ok(204);
    server.bearer(second).get("/hosts").await.refused(401, "token-revoked");
}

async fn what_is_over_can_be_neither_rotated_nor_edited(server: TestServer) {
    let root = server.with_root().await;
    let (revoked, _) = root.new_token(json!({ "name": "a" })).await;
    let (expired, _) = root.new_token(json!({ "name": "b", "expires_at": "2030-01-01T00:00:01Z" })).await;
    root.delete(&format!("/auth/api-tokens/{revoked}")).await.ok(204);
    server.advance(1_000);
    for id in [revoked, expired] {
        root.post(&format!("/auth/api-tokens/{id}/rotate"), json!({})).await.refused(409, "not-active");
        root.patch(&format!("/auth/api-tokens/{id}"), json!({ "name": "c" })).await.refused(409, "not-active");
    }
    let (id, _) = root.new_token(json!({ "name": "d" })).await;
    root.post(&format!("/auth/api-tokens/{id}/rotate"), json!({ "overlap_seconds": 604_801 }))
        .await
        .refused(422, "invalid-field");
    root.post(&format!("/auth/api-tokens/{id}/rotate"), json!({ "overlap_seconds": -1 }))
        .await
        .refused(422, "invalid-field");
}

async fn a_token_that_rotates_itself_hears_of_it(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let me = server.bearer(&text);
    let new = me.post(&format!("/auth/api-tokens/{id}/rotate"), json!({})).await.ok(201);
    me.get("/auth/me").await.refused(401, "token-revoked");
    let me = server.bearer(new["token"].as_str().unwrap());
    me.delete("/auth/api-tokens/current").await.ok(204);
    me.get("/auth/me").await.refused(401, "token-revoked");
}

async fn sign_in_cookie(server: &crate::support::TestServer) -> String {
    let login = json!({ "login": "root", "password": crate::support::PASSWORD });
    crate::support::cookie_of(&server.anonymous().post("/auth/sessions", login).await).to_owned()
}
