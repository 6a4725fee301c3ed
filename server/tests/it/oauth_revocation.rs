//! OAUTH.md, section 4: the verifier of API tokens judges access tokens too. Whatever takes rights away cuts off
//! requests and streams, in every process.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use uptrakit_core::state::OAuthRules;

use crate::support::{
    Client, PASSWORD, Reply, TestServer,
    oauth::{
        COMMAND_LINE, Connected, REDIRECT, approve, begin, connect, exchange, mcp, mistyped, oauth_error, post_form,
        refresh, register, rpc, text, use_at_mcp,
    },
    on_both,
};

on_both!(
    whatever_ends_a_grant_ends_its_tokens_and_streams_everywhere,
    a_permission_that_the_account_loses_is_lost_with_the_same_commit,
    a_revoked_access_token_ends_alone,
    an_access_token_opens_its_own_resource_alone,
    where_oauth_is_off_an_access_token_is_unknown,
    a_stream_ends_with_its_access_token,
    a_revoke_of_all_tokens_ends_what_was_allowed_and_not_yet_used,
    revoking_tells_nothing_and_is_done_twice_alike,
    connected_applications_are_listed_to_their_owner_and_to_administrators
);

type Ending = (&'static str, fn(TestServer, Client, Connected, String) -> futures_util::future::BoxFuture<'static, ()>);

/// Ways to end a grant: name, and what does it, given the administrator, the connection and its id.
const ENDINGS: [Ending; 5] = [
    ("by the owner", |server, kim, _, id| {
        Box::pin(async move {
            let reply = kim.delete(&format!("/auth/applications/{id}")).await;
            reply.ok(204);
            assert!(!reply.header("uptrakit-revoked-at").is_empty());
            assert_eq!(reply.header("uptrakit-cut-off").parse::<u32>().unwrap(), 0);
            drop(server);
        })
    }),
    ("by an administrator", |server, kim, _, id| {
        Box::pin(async move {
            let account = text(&kim.get("/auth/me").await.ok(200), "id");
            let root = server.sign_in("root").await;
            root.delete(&format!("/users/{account}/applications/{id}")).await.ok(204);
        })
    }),
    ("by the application", |server, _, connected, _| {
        Box::pin(async move {
            let parameters = [("client_id", connected.client_id.as_str()), ("token", &connected.refresh)];
            let reply = post_form(&server.anonymous(), "/oauth/revoke", &parameters).await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
        })
    }),
    ("by deleting the application", |server, _, connected, _| {
        Box::pin(async move {
            let root = server.sign_in("root").await;
            let known = root.get("/applications").await.ok(200)["items"].clone();
            let is_it = |item: &&Value| item["client_id"] == connected.client_id.as_str();
            let id = text(known.as_array().unwrap().iter().find(is_it).unwrap(), "id");
            root.delete(&format!("/applications/{id}")).await.ok(204);
        })
    }),
    ("with the password", |server, kim, _, _| {
        Box::pin(async move {
            let change = json!({
                "current_password": PASSWORD, "new_password": "eight blue herons at noon", "revoke_tokens": true
            });
            let done = rpc(&kim, "change_password", json!({ "request": change })).await.ok(200);
            assert_eq!(done["applications_disconnected"], 1);
            drop(server);
        })
    }),
];

async fn ended(response: axum::response::Response) -> bool {
    let mut body = response.into_body();
    let whole = async { while body.frame().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(4), whole).await.is_ok()
}

async fn whatever_ends_a_grant_ends_its_tokens_and_streams_everywhere(server: TestServer) {
    server.with_root().await;
    let other = server.another().await;
    for (index, (how, end)) in ENDINGS.into_iter().enumerate() {
        let name = format!("kim{index}");
        server.add_user(&name, "viewer").await;
        let kim = server.sign_in(&name).await;
        let connected = connect(&server, &kim, &["hosts:read"]).await;
        let listed = kim.get("/auth/applications").await.ok(200);
        let id = text(&listed["items"][0], "id");
        assert_eq!(use_at_mcp(&other, &connected.access).await.status, 200, "{how}");
        let stream = other.bearer(&connected.access).through(mcp(&other)).open("//mcp/stream").await;
        assert_eq!(stream.status(), 200, "{how}");
        let (access, token, client_id) =
            (connected.access.clone(), connected.refresh.clone(), connected.client_id.clone());
        end(server.another().await, kim.clone(), connected, id).await;
        for server in [&server, &other] {
            let reply = use_at_mcp(server, &access).await;
            assert_eq!(reply.status, 401, "{how}: {}", reply.text);
        }
        assert!(ended(stream).await, "{how}: the stream goes on");
        let reply = refresh(&server.anonymous(), &client_id, &token, &[]).await;
        assert!(matches!(reply.status.as_u16(), 400 | 401), "{how}: {}", reply.text);
        let kim = server.anonymous();
        let password = if how == "with the password" { "eight blue herons at noon" } else { PASSWORD };
        let login = json!({ "login": name, "password": password });
        let reply = kim.post("/auth/sessions", login).await;
        let kim = server.cookie(crate::support::cookie_of(&reply));
        assert_eq!(kim.get("/auth/applications").await.ok(200)["total"], 0, "{how}");
    }
}

async fn a_permission_that_the_account_loses_is_lost_with_the_same_commit(server: TestServer) {
    let (root, other) = (server.with_root().await, server.another().await);
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    let id = text(&kim.get("/auth/me").await.ok(200), "id");
    let connected = connect(&server, &kim, &["hosts:read", "hosts:write"]).await;
    assert_eq!(use_at_mcp(&other, &connected.access).await.text, "hosts:read hosts:write");
    root.patch(&format!("/users/{id}"), json!({ "roles": ["viewer"] })).await.ok(200);
    assert_eq!(use_at_mcp(&other, &connected.access).await.text, "hosts:read", "a grant ∩ the account");
    root.patch(&format!("/users/{id}"), json!({ "roles": ["operator"] })).await.ok(200);
    assert_eq!(use_at_mcp(&other, &connected.access).await.text, "hosts:read hosts:write");
    let stream = other.bearer(&connected.access).through(mcp(&other)).open("//mcp/stream").await;
    root.patch(&format!("/users/{id}"), json!({ "active": false })).await.ok(200);
    for server in [&server, &other] {
        use_at_mcp(server, &connected.access).await.refused(401, "account-disabled");
    }
    assert!(ended(stream).await);
    let writes = connect(&server, &root, &["hosts:write"]).await;
    use_at_mcp(&other, &writes.access).await.refused(403, "insufficient-permission");
}

async fn a_revoked_access_token_ends_alone(server: TestServer) {
    let (root, other) = (server.with_root().await, server.another().await);
    let first = connect(&server, &root, &["hosts:read"]).await;
    let answer = refresh(&server.anonymous(), &first.client_id, &first.refresh, &[]).await.ok(200);
    let second = text(&answer, "access_token");
    assert_eq!(use_at_mcp(&other, &first.access).await.status, 200);
    let parameters = [("client_id", first.client_id.as_str()), ("token", &first.access), ("token_type_hint", "x")];
    assert_eq!(post_form(&server.anonymous(), "/oauth/revoke", &parameters).await.status, 200);
    for server in [&server, &other] {
        use_at_mcp(server, &first.access).await.refused(401, "token-revoked");
        assert_eq!(use_at_mcp(server, &second).await.status, 200);
    }
    refresh(&server.anonymous(), &first.client_id, &text(&answer, "refresh_token"), &[]).await.ok(200);
    let told = root.get("/audit?action=access-token.revoke").await.ok(200);
    assert_eq!(told["total"], 1);
}

async fn an_access_token_opens_its_own_resource_alone(server: TestServer) {
    let root = server.with_root().await;
    let connected = connect(&server, &root, &["hosts:read", "tokens:write"]).await;
    let access = server.bearer(&connected.access);
    let refused = access.get("/hosts").await;
    refused.refused(401, "invalid-token");
    assert_eq!(refused.header("www-authenticate"), r#"Bearer realm="uptrakit", error="invalid_token""#);
    for path in ["/users", "/auth/me", "/auth/applications"] {
        access.get(path).await.refused(401, "invalid-token");
    }
    access.delete("/auth/api-tokens/current").await.refused(401, "invalid-token");
    // The token is known here by now; that must not open another resource.
    assert_eq!(use_at_mcp(&server, &connected.access).await.status, 200);
    access.get("/hosts").await.refused(401, "invalid-token");
    let (_, token) = root.new_token(json!({ "name": "ci", "permissions": ["hosts:read"] })).await;
    assert_eq!(use_at_mcp(&server, &token).await.status, 200, "an API token opens both");
    server.bearer(&token).get("/hosts").await.ok(200);
    for secret in [&connected.refresh, &mistyped(&connected.access), &connected.access[4..].to_owned()] {
        use_at_mcp(&server, secret).await.refused(401, "invalid-token");
        server.bearer(secret).get("/hosts").await.refused(401, "invalid-token");
    }
}

async fn where_oauth_is_off_an_access_token_is_unknown(server: TestServer) {
    let root = server.with_root().await;
    let connected = connect(&server, &root, &["hosts:read"]).await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let off = server.another_with_oauth(OAuthRules { is_on: false, ..OAuthRules::default() }).await;
    use_at_mcp(&off, &connected.access).await.refused(401, "invalid-token");
    assert_eq!(use_at_mcp(&off, &token).await.status, 200);
    let root = root.at(&off);
    for path in ["/auth/applications", "/applications"] {
        root.get(path).await.refused(404, "not-found");
    }
}

async fn a_stream_ends_with_its_access_token(server: TestServer) {
    let root = server.with_root().await;
    let connected = connect(&server, &root, &["hosts:read"]).await;
    let stream = server.bearer(&connected.access).through(mcp(&server)).open("//mcp/stream").await;
    assert_eq!(stream.status(), 200);
    server.advance(15 * 60_000);
    assert!(ended(stream).await);
}

async fn a_revoke_of_all_tokens_ends_what_was_allowed_and_not_yet_used(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[]).await;
    let code = approve(&root, &request, &["hosts:read"]).await;
    let begun = post_form(&server.anonymous(), "/oauth/device_authorization", &[("client_id", COMMAND_LINE)]).await;
    let begun = begun.ok(200);
    let approval = json!({ "code": begun["user_code"], "approval": { "permissions": ["hosts:read"] } });
    rpc(&root, "approve_device", approval).await.ok(200);
    let change = json!({
        "current_password": PASSWORD, "new_password": "eight blue herons at noon", "revoke_tokens": true
    });
    root.put("/auth/password", change).await.ok(204);
    let reply = exchange(&server.anonymous(), &application.client_id, &code, &[]).await;
    oauth_error(&reply, 400, "invalid_grant");
    let device = text(&begun, "device_code");
    let parameters = [
        ("client_id", COMMAND_LINE),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", &device),
    ];
    oauth_error(&post_form(&server.anonymous(), "/oauth/token", &parameters).await, 400, "invalid_grant");
}

async fn revoking_tells_nothing_and_is_done_twice_alike(server: TestServer) {
    let root = server.with_root().await;
    let (one, other) = (connect(&server, &root, &["hosts:read"]).await, connect(&server, &root, &["hosts:read"]).await);
    let revoke = async |client_id: &str, token: &str| {
        let reply =
            post_form(&server.anonymous(), "/oauth/revoke", &[("client_id", client_id), ("token", token)]).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    };
    revoke(&other.client_id, &one.refresh).await;
    revoke(&other.client_id, &one.access).await;
    revoke(&one.client_id, "nonsense").await;
    revoke(&one.client_id, "upk_0000000000000000000000000000003aIdS3").await;
    assert_eq!(use_at_mcp(&server, &one.access).await.status, 200, "another application ends nothing");
    revoke(&one.client_id, &one.refresh).await;
    revoke(&one.client_id, &one.refresh).await;
    use_at_mcp(&server, &one.access).await.refused(401, "token-revoked");
    let id = text(&root.get("/auth/applications").await.ok(200)["items"][0], "id");
    for _ in 0..2 {
        root.delete(&format!("/auth/applications/{id}")).await.ok(204);
    }
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let strangers = kim.delete(&format!("/auth/applications/{id}")).await;
    let unknown = kim.delete("/auth/applications/00000000-0000-7000-8000-000000000000").await;
    let detail = |reply: &Reply| reply.refused(404, "not-found")["detail"].clone();
    assert_eq!(detail(&strangers), detail(&unknown));
}

async fn connected_applications_are_listed_to_their_owner_and_to_administrators(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    let account = text(&kim.get("/auth/me").await.ok(200), "id");
    let connected = connect(&server, &kim, &["hosts:read", "hosts:write"]).await;
    let listed = kim.get("/auth/applications").await.ok(200)["items"][0].clone();
    assert_eq!(listed["name"], "Test client");
    assert_eq!(listed["redirect_host"], "example.org");
    assert_eq!(listed["permissions"], json!(["hosts:read", "hosts:write"]));
    assert_eq!((&listed["verified"], &listed["client_uri"]), (&json!(false), &Value::Null));
    assert_eq!((&listed["last_used_at"], &listed["last_used_ip"]), (&Value::Null, &Value::Null));
    let elsewhere = server.bearer(&connected.access).through(mcp(&server)).seen_from("203.0.113.7");
    assert_eq!(elsewhere.get("//mcp").await.status, 200);
    server.app.write_notes().await.unwrap();
    let path = format!("/users/{account}/applications");
    let listed = root.get(&path).await.ok(200);
    assert_eq!(listed["items"][0]["last_used_ip"], "203.0.113.7");
    assert_eq!(listed["items"][0]["last_used_at"], "2030-01-01T00:00:00.000Z");
    assert_eq!(root.get("/auth/applications").await.ok(200)["total"], 0, "everybody sees their own");
    assert_eq!(kim.get("/auth/applications?page=2&per_page=1").await.ok(200)["items"], json!([]));
    kim.get("/auth/applications?per_page=0").await.refused(422, "invalid-field");
    kim.get(&path).await.refused(403, "insufficient-permission");
    root.get("/users/00000000-0000-7000-8000-000000000000/applications").await.refused(404, "not-found");
}
