//! Tokens on hold: after a restore of the database they are refused until their owner or an administrator confirms them.

use serde_json::json;

use crate::support::{TestServer, on_both};

on_both!(
    a_token_on_hold_opens_nothing_until_its_owner_confirms_it,
    an_administrator_confirms_the_token_of_another_account,
    no_token_confirms_one_that_may_do_more
);

/// Puts every token on hold, as a restore does while no server runs, and starts a server.
async fn restart_with_all_on_hold(server: &TestServer) -> TestServer {
    server.sql("UPDATE api_tokens SET held_at = 1000").await;
    server.another().await
}

async fn a_token_on_hold_opens_nothing_until_its_owner_confirms_it(server: TestServer) {
    let root = server.with_root().await;
    let (id, token) = root.new_token(json!({ "name": "ci" })).await;
    let (other_id, other_token) = root.new_token(json!({ "name": "other" })).await;
    let (revoked_id, revoked) = root.new_token(json!({ "name": "revoked" })).await;
    root.delete(&format!("/auth/api-tokens/{revoked_id}")).await.ok(204);
    let one = restart_with_all_on_hold(&server).await;
    let two = one.another().await;
    let (ci, other) = (one.bearer(&token), one.bearer(&other_token));
    let path = format!("/auth/api-tokens/{id}");
    let confirm = format!("{path}/confirm");
    for client in [&ci, &other, &ci.clone().at(&two)] {
        for (method, path) in [("get", "/auth/me"), ("get", "/hosts"), ("post", confirm.as_str())] {
            let reply = if method == "get" { client.get(path).await } else { client.post(path, json!({})).await };
            let problem = reply.refused(401, "token-on-hold");
            assert!(problem["detail"].as_str().unwrap().contains("confirms it"), "{problem}");
            assert!(reply.header("www-authenticate").contains("error=\"invalid_token\""));
        }
    }
    one.bearer(&revoked).get("/auth/me").await.refused(401, "token-revoked");

    let root = one.sign_in("root").await;
    let listed = root.get("/auth/api-tokens?state=active").await.ok(200);
    assert_eq!(listed["total"], 2);
    assert!(listed["items"].as_array().unwrap().iter().all(|token| token["held_at"] == "1970-01-01T00:00:01.000Z"));
    root.post(&format!("{path}/rotate"), json!({})).await.refused(409, "conflict");
    root.patch(&path, json!({ "name": "renamed" })).await.refused(409, "conflict");
    root.post(&confirm, json!({ "unknown": 1 })).await.refused(422, "invalid-field");
    root.post(&format!("/auth/api-tokens/{revoked_id}/confirm"), json!({})).await.refused(409, "not-active");
    ci.get("/auth/me").await.refused(401, "token-on-hold");

    for _ in 0..2 {
        let confirmed = root.post(&confirm, json!({})).await.ok(200);
        assert_eq!((&confirmed["state"], confirmed.get("held_at")), (&json!("active"), None));
        ci.get("/auth/me").await.ok(200);
        ci.clone().at(&two).get("/auth/me").await.ok(200);
        other.get("/auth/me").await.refused(401, "token-on-hold");
    }
    let events = root.get("/auth/me/audit?action=token.confirm").await.ok(200);
    assert_eq!((&events["total"], &events["items"][0]["target_id"]), (&json!(1), &json!(id)));
    root.delete(&format!("/auth/api-tokens/{other_id}")).await.ok(204);
    other.get("/auth/me").await.refused(401, "token-revoked");
}

async fn an_administrator_confirms_the_token_of_another_account(server: TestServer) {
    server.with_root().await;
    server.add_user("ada", "viewer").await;
    let ada = server.sign_in("ada").await;
    let (id, token) = ada.new_token(json!({ "name": "ci" })).await;
    let owner = ada.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let server = restart_with_all_on_hold(&server).await;
    let ada = server.sign_in("ada").await;
    let path = format!("/users/{owner}/api-tokens/{id}/confirm");
    ada.post(&path, json!({})).await.refused(403, "insufficient-permission");
    server.bearer(&token).get("/auth/me").await.refused(401, "token-on-hold");
    let root = server.sign_in("root").await;
    let own = root.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    root.post(&format!("/users/{own}/api-tokens/{id}/confirm"), json!({})).await.refused(404, "not-found");
    root.post(&format!("/auth/api-tokens/{id}/confirm"), json!({})).await.refused(404, "not-found");
    root.post(&path, json!({})).await.ok(200);
    server.bearer(&token).get("/auth/me").await.ok(200);
}

async fn no_token_confirms_one_that_may_do_more(server: TestServer) {
    let root = server.with_root().await;
    let (id, token) = root.new_token(json!({ "name": "everything" })).await;
    let narrow = json!({ "name": "narrow", "permissions": ["tokens:write"] });
    let (narrow_id, narrow_token) = root.new_token(narrow).await;
    let server = restart_with_all_on_hold(&server).await;
    let root = server.sign_in("root").await;
    let (_, fresh) = root.new_token(json!({ "name": "new", "permissions": ["tokens:write"] })).await;
    let fresh = server.bearer(&fresh);
    let refused = fresh.post(&format!("/auth/api-tokens/{id}/confirm"), json!({})).await;
    refused.refused(403, "insufficient-permission");
    server.bearer(&token).get("/auth/me").await.refused(401, "token-on-hold");
    fresh.post(&format!("/auth/api-tokens/{narrow_id}/confirm"), json!({})).await.ok(200);
    server.bearer(&narrow_token).get("/auth/me").await.ok(200);
}
