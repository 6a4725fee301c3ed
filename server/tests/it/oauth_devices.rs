//! OAUTH.md, section 5: programs that show a code, and the page on which it is typed.

use serde_json::{Value, json};

use crate::support::{
    Client, Reply, TestServer,
    oauth::{REDIRECT, oauth_error, post_form, refresh, register, rpc, text, use_at_mcp},
    on_both,
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

on_both!(
    a_device_gets_tokens_once_somebody_has_allowed_it,
    a_device_that_asks_too_often_is_slowed_down,
    a_denied_and_an_expired_device_are_told_so,
    the_page_shows_the_code_the_address_and_the_program,
    five_wrong_codes_a_minute_are_enough,
    a_device_s_request_belongs_to_the_account_that_opened_it_first
);

pub async fn begin(client: &Client, client_id: &str, more: &[(&str, &str)]) -> Value {
    let parameters: Vec<(&str, &str)> = [("client_id", client_id)].iter().chain(more).copied().collect();
    post_form(client, "/oauth/device_authorization", &parameters).await.ok(200)
}

pub async fn ask(client: &Client, client_id: &str, begun: &Value) -> Reply {
    let code = begun["device_code"].as_str().unwrap();
    let parameters = [("client_id", client_id), ("grant_type", GRANT_TYPE), ("device_code", code)];
    post_form(client, "/oauth/token", &parameters).await
}

fn approval(begun: &Value, permissions: &[&str]) -> Value {
    json!({ "code": begun["user_code"], "approval": { "permissions": permissions } })
}

async fn a_device_gets_tokens_once_somebody_has_allowed_it(server: TestServer) {
    let (root, other) = (server.with_root().await, server.another().await);
    let application = register(&server, "Television", REDIRECT).await;
    let id = application.client_id.as_str();
    let device = other.anonymous();
    let begun = begin(&server.anonymous(), id, &[("scope", "hosts:read offline_access")]).await;
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(600), &json!(5)));
    let code = begun["user_code"].as_str().unwrap();
    assert_eq!(begun["verification_uri"], "https://up.example.org/device");
    assert_eq!(begun["verification_uri_complete"], format!("https://up.example.org/device?code={code}"));
    assert!(begun["device_code"].as_str().unwrap().starts_with("upd_"));
    assert!(code.len() == 9 && !code.contains(['A', 'E', 'I', 'O', 'U', 'Y']), "{code}");
    oauth_error(&ask(&device, id, &begun).await, 400, "authorization_pending");
    let foreign = register(&server, "Another", REDIRECT).await;
    oauth_error(&ask(&device, &foreign.client_id, &begun).await, 400, "invalid_grant");
    rpc(&root, "open_device", json!({ "code": code.to_lowercase().replace('-', " ") })).await.ok(200);
    rpc(&root, "approve_device", approval(&begun, &["hosts:read", "hosts:write"])).await.ok(200);
    let answer = ask(&device, id, &begun).await.ok(200);
    assert_eq!(answer["scope"], "hosts:read hosts:write");
    assert_eq!(use_at_mcp(&server, &text(&answer, "access_token")).await.status, 200);
    refresh(&device, id, &text(&answer, "refresh_token"), &[]).await.ok(200);
    oauth_error(&ask(&device, id, &begun).await, 400, "invalid_grant");
    let listed = root.get("/auth/applications").await.ok(200);
    assert_eq!((&listed["total"], &listed["items"][0]["redirect_host"]), (&json!(1), &Value::Null));
    let reply = post_form(&device, "/oauth/device_authorization", &[("client_id", id), ("scope", "all")]).await;
    oauth_error(&reply, 400, "invalid_scope");
}

async fn a_device_that_asks_too_often_is_slowed_down(server: TestServer) {
    server.with_root().await;
    let application = register(&server, "Television", REDIRECT).await;
    let id = application.client_id.as_str();
    let device = server.anonymous();
    let begun = begin(&device, id, &[]).await;
    oauth_error(&ask(&device, id, &begun).await, 400, "authorization_pending");
    server.advance(4_999);
    oauth_error(&ask(&device, id, &begun).await, 400, "slow_down");
    server.advance(9_999);
    oauth_error(&ask(&device, id, &begun).await, 400, "slow_down");
    server.advance(15_000);
    oauth_error(&ask(&device, id, &begun).await, 400, "authorization_pending");
}

async fn a_denied_and_an_expired_device_are_told_so(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Television", REDIRECT).await;
    let id = application.client_id.as_str();
    let device = server.anonymous();
    let begun = begin(&device, id, &[]).await;
    rpc(&root, "open_device", json!({ "code": begun["user_code"] })).await.ok(200);
    rpc(&root, "deny_device", json!({ "code": begun["user_code"] })).await.ok(200);
    oauth_error(&ask(&device, id, &begun).await, 400, "access_denied");
    rpc(&root, "approve_device", approval(&begun, &["hosts:read"])).await.refused(409, "conflict");
    let begun = begin(&device, id, &[]).await;
    server.advance(600_000);
    oauth_error(&ask(&device, id, &begun).await, 400, "expired_token");
    rpc(&root, "open_device", json!({ "code": begun["user_code"] })).await.refused(409, "conflict");
    let unknown = json!({ "device_code": "upd_x" });
    oauth_error(&ask(&device, id, &unknown).await, 400, "invalid_grant");
}

async fn the_page_shows_the_code_the_address_and_the_program(server: TestServer) {
    let root = server.with_root().await;
    let device = server.anonymous().seen_from("203.0.113.9");
    let body = "client_id=uptrakit-cli&resource=https%3A%2F%2Fup.example.org%2Fapi%2Fv1&token_name=cli+on+nas";
    let request = device
        .request(http::Method::POST, "//oauth/device_authorization")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("user-agent", "uptrakit/0.1.0");
    let begun = device.send(request, body).await.ok(200);
    let consent = rpc(&root, "open_device", json!({ "code": begun["user_code"] })).await.ok(200);
    let expected = json!({
        "kind": "device", "code": begun["user_code"], "address": "203.0.113.9", "program": "uptrakit"
    });
    assert_eq!(consent["destination"], expected);
    assert_eq!((&consent["verified"], &consent["looks_like_ours"]), (&json!(true), &json!(false)));
    assert_eq!((&consent["token_name"], &consent["lifetime_days"]), (&json!("cli on nas"), &json!(90)));
    let all = ["hosts:read", "hosts:report", "hosts:write", "tokens:write", "users:manage", "audit:read"];
    assert_eq!(consent["asked"], json!(all));
    rpc(&root, "approve_device", approval(&begun, &all)).await.ok(200);
    let answer = ask(&device, "uptrakit-cli", &begun).await.ok(200);
    assert!(text(&answer, "access_token").starts_with("upk_") && answer["refresh_token"] == Value::Null);
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["items"][0]["name"], "cli on nas");
}

async fn five_wrong_codes_a_minute_are_enough(server: TestServer) {
    let root = server.with_root().await;
    let begun = begin(&server.anonymous(), "uptrakit-cli", &[]).await;
    let open = async |code: &Value| rpc(&root, "open_device", json!({ "code": code })).await;
    for wrong in ["BBBB-BBBB", "", "nonsense", "BBBB-BBBC", "BBBB-BBBD"] {
        open(&json!(wrong)).await.refused(404, "not-found");
    }
    open(&json!("BBBB-BBBF")).await.refused(429, "too-many-requests");
    open(&begun["user_code"]).await.refused(429, "too-many-requests");
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    rpc(&kim, "open_device", json!({ "code": "BBBB-BBBB" })).await.refused(404, "not-found");
    server.advance(12_000);
    open(&begun["user_code"]).await.ok(200);
}

async fn a_device_s_request_belongs_to_the_account_that_opened_it_first(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let begun = begin(&server.anonymous(), "uptrakit-cli", &[]).await;
    rpc(&kim, "open_device", json!({ "code": begun["user_code"] })).await.ok(200);
    rpc(&root, "approve_device", approval(&begun, &["hosts:read"])).await.refused(409, "conflict");
    rpc(&kim, "approve_device", approval(&begun, &["hosts:write"])).await.refused(403, "insufficient-permission");
    rpc(&kim, "approve_device", approval(&begun, &["hosts:read"])).await.ok(200);
    rpc(&kim, "deny_device", json!({ "code": begun["user_code"] })).await.refused(409, "conflict");
}
