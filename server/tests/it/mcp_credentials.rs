//! OAUTH.md, section 6: what a credential opens at `/mcp`, what the refusals tell a client, and that a revoke ends a
//! call under way.

use std::time::Duration;

use axum::body::Body;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use uptrakit_core::state::OAuthRules;

use crate::support::{
    Client, Reply, TestServer,
    mcp::{ERAS, Era, Mcp},
    oauth, on_both, report,
};

const METADATA: &str = r#", resource_metadata="https://up.example.org/.well-known/oauth-protected-resource/mcp""#;
const LEAST: &str = r#", scope="hosts:read""#;
const ALL: [&str; 6] = ["hosts:read", "hosts:report", "hosts:write", "tokens:write", "users:manage", "audit:read"];

/// Each row is a tool, the permission that it needs, and arguments with which it does nothing.
const TOOLS: [(&str, Option<&str>, &str); 9] = [
    ("whoami", None, "{}"),
    ("list_hosts", Some("hosts:read"), "{}"),
    ("get_host", Some("hosts:read"), r#"{"host":"none"}"#),
    ("rename_host", Some("hosts:write"), r#"{"host":"none","friendly_name":"x"}"#),
    ("delete_host", Some("hosts:write"), r#"{"host":"none"}"#),
    ("list_api_tokens", None, "{}"),
    ("revoke_api_token", Some("tokens:write"), r#"{"token":"none"}"#),
    ("list_activity", None, "{}"),
    ("list_activity", Some("audit:read"), r#"{"everybody":true}"#),
];

on_both!(
    every_credential_that_opens_nothing_gets_the_challenge,
    every_tool_judges_every_permission,
    a_tool_that_the_account_lacks_is_neither_listed_nor_challenged,
    what_a_connection_may_not_do_is_said_before_its_arguments_are_read,
    a_role_that_is_lost_under_way_is_no_challenge,
    permissions_are_those_of_this_moment,
    a_revoke_ends_a_call_under_way,
    a_permission_that_is_lost_under_way_is_refused_with_the_challenge,
    a_token_revokes_itself_and_is_told_since_when,
    the_old_secret_of_a_rotation_manages_no_tokens,
    without_oauth_no_metadata_is_named,
    a_database_that_can_t_answer_is_503_and_never_a_pass,
    uses_are_noted_and_the_end_is_told,
    an_access_token_opens_what_was_allowed_and_ends_with_the_connection
);

fn challenge(reply: &Reply) -> &str {
    reply.header("www-authenticate")
}

async fn every_credential_that_opens_nothing_gets_the_challenge(server: TestServer) {
    let root = server.with_root().await;
    let (id, revoked) = root.new_token(json!({ "name": "revoked" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let (_, expired) = root.new_token(json!({ "name": "expired", "expires_at": "2030-01-01T00:00:01Z" })).await;
    let (_, elsewhere) = root.new_token(json!({ "name": "elsewhere", "allowed_networks": ["203.0.113.0/24"] })).await;
    server.advance(1_000);
    for era in ERAS {
        for (client, code) in [
            (server.anonymous(), "missing-credentials"),
            (root.clone(), "missing-credentials"),
            (root.clone().caused_elsewhere(), "missing-credentials"),
            (server.bearer("upk_nonsense"), "invalid-token"),
            (server.bearer(&revoked), "token-revoked"),
            (server.bearer(&expired), "token-expired"),
        ] {
            let mcp = client.mcp(era);
            for (method, params) in [
                ("server/discover", json!({})),
                ("tools/list", json!({})),
                ("tools/call", json!({ "name": "whoami" })),
                ("resources/read", json!({ "uri": "uptrakit://hosts" })),
            ] {
                let reply = mcp.send(method, params).await;
                reply.refused(401, code);
                let error = if code == "missing-credentials" { "" } else { r#", error="invalid_token""# };
                assert_eq!(challenge(&reply), format!("Bearer realm=\"uptrakit\"{error}{METADATA}{LEAST}"));
            }
        }
        let reply = server.bearer(&elsewhere).mcp(era).send("tools/list", json!({})).await;
        reply.refused(403, "network-not-allowed");
        assert_eq!(challenge(&reply), "");
    }
    // The body is not even read without a credential.
    server.anonymous().mcp_post("nonsense").await.refused(401, "missing-credentials");
}

async fn every_tool_judges_every_permission(server: TestServer) {
    let root = server.with_root().await;
    root.post("/hosts/report", report("m")).await.ok(201);
    for permission in ALL {
        let body = json!({ "name": format!("only {permission}"), "permissions": [permission] });
        let (_, token) = root.new_token(body).await;
        for mcp in ERAS.map(|era| server.bearer(&token).mcp(era)) {
            assert_eq!(mcp.tool_names().await.len(), 8, "listed is what the account may use");
            for (tool, needs, arguments) in TOOLS {
                let reply = mcp.call_reply(tool, serde_json::from_str(arguments).unwrap()).await;
                if let Some(needs) = needs.filter(|needs| *needs != permission) {
                    reply.refused(403, "insufficient-permission");
                    let scope = format!(r#", error="insufficient_scope", scope="{needs}""#);
                    assert_eq!(challenge(&reply), format!("Bearer realm=\"uptrakit\"{scope}{METADATA}"), "{tool}");
                } else {
                    reply.ok(200);
                }
            }
            for uri in ["uptrakit://hosts", "uptrakit://hosts/nonsense"] {
                let reply = mcp.send("resources/read", json!({ "uri": uri })).await;
                if permission == "hosts:read" {
                    assert_ne!(reply.status, 403);
                } else {
                    reply.refused(403, "insufficient-permission");
                    assert!(challenge(&reply).contains(r#"scope="hosts:read""#));
                }
            }
        }
    }
    assert_eq!(root.get("/hosts").await.ok(200)["total"], 1);
}

async fn a_tool_that_the_account_lacks_is_neither_listed_nor_challenged(server: TestServer) {
    server.with_root().await;
    server.add_user("kim", "viewer").await;
    let (_, token) = server.sign_in("kim").await.new_token(json!({ "name": "assistant" })).await;
    for mcp in ERAS.map(|era| server.bearer(&token).mcp(era)) {
        let names = mcp.tool_names().await;
        assert_eq!(names, ["whoami", "list_hosts", "get_host", "list_api_tokens", "revoke_api_token", "list_activity"]);
        for (tool, needs, arguments) in TOOLS {
            if matches!(needs, Some("hosts:write" | "audit:read")) {
                let arguments: Value = serde_json::from_str(arguments).unwrap();
                let reply = mcp.call_reply(tool, arguments.clone()).await;
                assert_eq!(challenge(&reply), "", "{tool}");
                let sentence = mcp.told(tool, arguments).await;
                assert!(sentence.contains("account lacks the permission"), "{sentence}");
                assert!(sentence.contains(needs.unwrap()), "{sentence}");
            }
        }
    }
}

async fn what_a_connection_may_not_do_is_said_before_its_arguments_are_read(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let (_, narrow) = root.new_token(json!({ "name": "narrow", "permissions": ["hosts:read"] })).await;
    let (_, viewer) = server.sign_in("kim").await.new_token(json!({ "name": "viewer" })).await;
    for tool in ["rename_host", "delete_host"] {
        for arguments in [json!({}), json!({ "host": 5 }), json!({ "host": "x", "more": 1 })] {
            let reply = server.bearer(&narrow).mcp(Era::Modern).call_reply(tool, arguments.clone()).await;
            reply.refused(403, "insufficient-permission");
            assert!(challenge(&reply).contains(r#"scope="hosts:write""#));
            let sentence = server.bearer(&viewer).mcp(Era::Modern).told(tool, arguments).await;
            assert!(sentence.contains("account lacks the permission hosts:write"), "{sentence}");
        }
    }
    let (_, message) =
        server.bearer(&viewer).mcp(Era::Modern).fail("tools/call", json!({ "name": "reboot_host" })).await;
    assert!(message.contains("get_host") && !message.contains("delete_host"), "{message}");
}

async fn a_role_that_is_lost_under_way_is_no_challenge(server: TestServer) {
    let root = server.with_root().await;
    let id = root.post("/hosts/report", report("m")).await.ok(201)["id"].as_str().unwrap().to_owned();
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    let account = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let (_, token) = kim.new_token(json!({ "name": "assistant" })).await;
    let mcp = server.bearer(&token).mcp(Era::Legacy);
    let (mut held, pending) = held_back(&mcp, "delete_host", &json!({ "host": id }));
    held.arrived().await;
    root.patch(&format!("/users/{account}"), json!({ "roles": ["viewer"] })).await.ok(200);
    held.go_on.send(()).unwrap();
    let reply = pending.await.unwrap();
    assert_eq!(challenge(&reply), "");
    let answer = reply.ok(200);
    assert_eq!(answer["result"]["isError"], true);
    assert!(answer.to_string().contains("account lacks the permission hosts:write"), "{answer}");
    root.get(&format!("/hosts/{id}")).await.ok(200);
}

async fn permissions_are_those_of_this_moment(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    let (id, token) = kim.new_token(json!({ "name": "assistant" })).await;
    let account = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let other = server.another().await;
    for there in [&server, &other] {
        let mcp = server.bearer(&token).at(there).mcp(Era::Modern);
        mcp.told("delete_host", json!({ "host": "none" })).await;
        root.patch(&format!("/users/{account}"), json!({ "roles": ["viewer"] })).await.ok(200);
        assert!(!mcp.tool_names().await.contains(&"delete_host".to_owned()));
        assert!(mcp.told("delete_host", json!({ "host": "none" })).await.contains("lacks"));
        root.patch(&format!("/users/{account}"), json!({ "roles": ["operator"] })).await.ok(200);
        assert!(mcp.tool_names().await.contains(&"delete_host".to_owned()));
        kim.patch(&format!("/auth/api-tokens/{id}"), json!({ "permissions": ["hosts:read"] })).await.ok(200);
        mcp.call_reply("delete_host", json!({ "host": "none" })).await.refused(403, "insufficient-permission");
        let me = mcp.call("whoami", json!({})).await;
        assert_eq!(me["permissions"], json!(["hosts:read"]));
        assert_eq!(me["not_given"], json!(["hosts:report", "hosts:write", "tokens:write"]));
        kim.patch(&format!("/auth/api-tokens/{id}"), json!({ "permissions": null })).await.ok(200);
    }
    root.patch(&format!("/users/{account}"), json!({ "active": false })).await.ok(200);
    server.bearer(&token).mcp(Era::Legacy).send("tools/list", json!({})).await.refused(401, "account-disabled");
}

/// Sends a call whose last byte is held back until the returned sender is used.
fn held_back(mcp: &Mcp, tool: &str, arguments: &Value) -> (Held, tokio::task::JoinHandle<Reply>) {
    let (request, body) = mcp.message("tools/call", json!({ "name": tool, "arguments": arguments }));
    let ((asked, is_asked), (go_on, waits)) = (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel());
    let (first, rest) = body.split_at(body.len() - 1);
    let (first, rest) = (first.to_owned(), rest.to_owned());
    let body = stream::iter([Ok::<_, std::io::Error>(first)]).chain(stream::once(async move {
        let _ = asked.send(());
        let _ = waits.await;
        Ok(rest)
    }));
    let client = mcp.client.clone();
    let pending = tokio::spawn(async move { client.send(request, Body::from_stream(body)).await });
    (Held { is_asked: Some(is_asked), go_on }, pending)
}

struct Held {
    is_asked: Option<tokio::sync::oneshot::Receiver<()>>,
    go_on: tokio::sync::oneshot::Sender<()>,
}

impl Held {
    async fn arrived(&mut self) {
        self.is_asked.take().unwrap().await.unwrap();
    }
}

async fn a_revoke_ends_a_call_under_way(server: TestServer) {
    let root = server.with_root().await;
    let id = root.post("/hosts/report", report("m")).await.ok(201)["id"].as_str().unwrap().to_owned();
    let other = server.another().await;
    for (name, there) in [("here", &server), ("there", &other)] {
        let (token_id, token) = root.new_token(json!({ "name": name })).await;
        let mcp = server.bearer(&token).at(there).mcp(Era::Modern);
        let (mut held, pending) = held_back(&mcp, "delete_host", &json!({ "host": id }));
        held.arrived().await;
        root.delete(&format!("/auth/api-tokens/{token_id}")).await.ok(204);
        let reply = tokio::time::timeout(Duration::from_secs(3), pending).await.expect("it is cut off").unwrap();
        reply.refused(401, "token-revoked");
        let error = r#"Bearer realm="uptrakit", error="invalid_token""#;
        assert_eq!(challenge(&reply), format!("{error}{METADATA}{LEAST}"));
        drop(held.go_on);
    }
    root.get(&format!("/hosts/{id}")).await.ok(200);
}

async fn a_permission_that_is_lost_under_way_is_refused_with_the_challenge(server: TestServer) {
    let root = server.with_root().await;
    let id = root.post("/hosts/report", report("m")).await.ok(201)["id"].as_str().unwrap().to_owned();
    let other = server.another().await;
    for (tool, arguments) in [("list_hosts", json!({})), ("delete_host", json!({ "host": id }))] {
        for (name, there) in [("here", &server), ("there", &other)] {
            let (token_id, token) = root.new_token(json!({ "name": format!("{tool} {name}") })).await;
            let mcp = server.bearer(&token).at(there).mcp(Era::Legacy);
            let (mut held, pending) = held_back(&mcp, tool, &arguments);
            held.arrived().await;
            let narrower = json!({ "permissions": ["tokens:write"] });
            root.patch(&format!("/auth/api-tokens/{token_id}"), narrower).await.ok(200);
            // The other process learns of the change a moment later.
            there.app.verifier.catch_up().await.unwrap();
            held.go_on.send(()).unwrap();
            let reply = pending.await.unwrap();
            reply.refused(403, "insufficient-permission");
            let needs = if tool == "list_hosts" { "hosts:read" } else { "hosts:write" };
            assert!(challenge(&reply).contains(&format!(r#"scope="{needs}""#)), "{}", challenge(&reply));
        }
    }
    root.get(&format!("/hosts/{id}")).await.ok(200);
}

async fn a_token_revokes_itself_and_is_told_since_when(server: TestServer) {
    let root = server.with_root().await;
    let (id, token) = root.new_token(json!({ "name": "assistant" })).await;
    let mcp = server.bearer(&token).mcp(Era::Modern);
    let revoked = mcp.call("revoke_api_token", json!({ "token": "Assistant" })).await;
    assert_eq!((&revoked["id"], &revoked["cut_off"]), (&json!(id), &json!(0)));
    assert_eq!(revoked["revoked_at"], server.app.clock.now().to_string());
    mcp.send("tools/list", json!({})).await.refused(401, "token-revoked");
}

async fn the_old_secret_of_a_rotation_manages_no_tokens(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "assistant" })).await;
    root.post(&format!("/auth/api-tokens/{id}/rotate"), json!({ "overlap_seconds": 3600 })).await.ok(201);
    let mcp = server.bearer(&old).mcp(Era::Modern);
    let reply = mcp.call_reply("revoke_api_token", json!({ "token": id })).await;
    reply.refused(403, "insufficient-permission");
    assert!(challenge(&reply).contains(r#"scope="tokens:write""#));
    assert_eq!(mcp.call("whoami", json!({})).await["not_given"], json!(["tokens:write"]));
}

async fn without_oauth_no_metadata_is_named(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "assistant", "permissions": ["hosts:report"] })).await;
    let off = server.another_with_oauth(OAuthRules { is_on: false, ..OAuthRules::default() }).await;
    let through = |client: Client| client.at(&off);
    let reply = through(server.anonymous()).mcp_post("{}").await;
    reply.refused(401, "missing-credentials");
    assert_eq!(challenge(&reply), format!("Bearer realm=\"uptrakit\"{LEAST}"));
    let mcp = through(server.bearer(&token)).mcp(Era::Modern);
    let reply = mcp.call_reply("list_hosts", json!({})).await;
    reply.refused(403, "insufficient-permission");
    assert_eq!(challenge(&reply), r#"Bearer realm="uptrakit", error="insufficient_scope", scope="hosts:read""#);
    mcp.call("whoami", json!({})).await;
}

async fn a_database_that_can_t_answer_is_503_and_never_a_pass(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "assistant" })).await;
    let mcp = server.bearer(&token).mcp(Era::Modern);
    mcp.call("list_hosts", json!({})).await;
    if server.url.starts_with("sqlite") {
        // What is wrong in the database itself is a fault of the server, which the client is not told.
        server.sql("ALTER TABLE hosts RENAME TO hosts_gone").await;
        let reply = mcp.call_reply("list_hosts", json!({})).await;
        reply.refused(500, "internal");
        assert!(!reply.text.contains("hosts_gone"), "{}", reply.text);
    } else {
        server.close_database().await;
        let reply = mcp.call_reply("list_hosts", json!({})).await;
        reply.refused(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "2");
    }
}

async fn uses_are_noted_and_the_end_is_told(server: TestServer) {
    let root = server.with_root().await;
    let (id, token) = root.new_token(json!({ "name": "assistant", "expires_at": "2030-01-02T00:00:00Z" })).await;
    let mcp = server.bearer(&token).mcp(Era::Modern);
    let reply = mcp.call_reply("whoami", json!({})).await;
    assert_eq!(reply.header("uptrakit-token-expires"), "2030-01-02T00:00:00.000Z");
    assert_eq!(reply.ok(200)["result"]["structuredContent"]["expires_at"], "2030-01-02T00:00:00.000Z");
    server.app.write_notes().await.unwrap();
    let used = root.get(&format!("/auth/api-tokens/{id}")).await.ok(200);
    assert_eq!(used["last_used_ip"], "127.0.0.1");
}

async fn an_access_token_opens_what_was_allowed_and_ends_with_the_connection(server: TestServer) {
    let root = server.with_root().await;
    root.post("/hosts/report", report("m")).await.ok(201);
    let other = server.another().await;
    let connected = oauth::connect(&server, &root, &["hosts:read"]).await;
    for (there, era) in [(&server, Era::Modern), (&other, Era::Legacy)] {
        let mcp = server.bearer(&connected.access).at(there).mcp(era);
        assert_eq!(mcp.call("list_hosts", json!({})).await["total"], 1);
        let me = mcp.call("whoami", json!({})).await;
        assert_eq!((&me["application"], &me["api_token"]), (&json!("Test client"), &json!(null)));
        assert_eq!(me["permissions"], json!(["hosts:read"]));
        assert!(me["expires_at"].as_str().unwrap() > "2030-01-20", "the connection outlives its access token: {me}");
        assert_eq!(mcp.tool_names().await.len(), 8);
        let reply = mcp.call_reply("rename_host", json!({ "host": "nas", "friendly_name": "x" })).await;
        reply.refused(403, "insufficient-permission");
        let scope = r#"Bearer realm="uptrakit", error="insufficient_scope", scope="hosts:write""#;
        assert_eq!(challenge(&reply), format!("{scope}{METADATA}"));
    }
    server.bearer(&connected.access).get("/hosts").await.refused(401, "invalid-token");
    // The application replaces its access token; the old one ends with its time.
    let refreshed = oauth::refresh(&server.anonymous(), &connected.client_id, &connected.refresh, &[]).await.ok(200);
    server.advance(15 * 60_000);
    let expired = server.bearer(&connected.access).mcp(Era::Modern).send("tools/list", json!({})).await;
    assert_eq!(expired.status, 401, "{}", expired.text);
    assert!(challenge(&expired).ends_with(LEAST));
    let (anonymous, refresh) = (server.anonymous(), oauth::text(&refreshed, "refresh_token"));
    let again = oauth::refresh(&anonymous, &connected.client_id, &refresh, &[]).await.ok(200);
    let access = oauth::text(&again, "access_token");
    // Disconnecting it ends a call under way.
    let id = root.get("/auth/applications").await.ok(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let mcp = server.bearer(&access).at(&other).mcp(Era::Modern);
    let (mut held, pending) = held_back(&mcp, "list_hosts", &json!({}));
    held.arrived().await;
    root.delete(&format!("/auth/applications/{id}")).await.ok(204);
    let reply = tokio::time::timeout(Duration::from_secs(3), pending).await.expect("it is cut off").unwrap();
    assert_eq!(reply.status, 401, "{}", reply.text);
    assert!(challenge(&reply).ends_with(LEAST));
    drop(held.go_on);
}
