//! OAUTH.md, sections 2 and 8: applications register themselves, as public clients, within limits.

use http::Method;
use serde_json::{Value, json};
use uptrakit_core::{jobs::clean_once, state::OAuthRules};

use crate::support::{Client, Reply, TestServer, on_both};

const HOUR: i64 = 3_600_000;

async fn register_text(client: &Client, body: impl Into<String>) -> Reply {
    let request = client.request(Method::POST, "//oauth/register").header("content-type", "application/json");
    client.send(request, body.into()).await
}

async fn register(client: &Client, body: Value) -> Reply {
    register_text(client, body.to_string()).await
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!((reply.header("content-type"), reply.header("cache-control")), ("application/json", "no-store"));
    assert_eq!(reply.json()["error"], code, "{}", reply.text);
    assert!(reply.json()["error_description"].as_str().unwrap().ends_with('.'), "{}", reply.text);
}

/// Returns true when the authorization endpoint still knows the application.
async fn is_known(server: &TestServer, client_id: &str) -> bool {
    let path = format!("//oauth/authorize?client_id={client_id}&redirect_uri=https://example.org/cb");
    server.anonymous().get(&path).await.status == 303
}

fn id(reply: &Reply) -> String {
    reply.ok(201)["client_id"].as_str().unwrap().to_owned()
}

async fn whatever_authentication_is_asked_for_an_application_gets_none(server: TestServer) {
    let client = server.anonymous();
    for method in [
        json!(null),
        json!("none"),
        json!("client_secret_basic"),
        json!("client_secret_post"),
        json!("private_key_jwt"),
        json!("?"),
    ] {
        let reply = register(
            &client,
            json!({
                "redirect_uris": ["http://127.0.0.1:33418/cb", "https://example.org/cb", "cursor://app/cb"],
                "client_name": "  Claude\u{202e} Code ",
                "client_uri": "https://example.org",
                "token_endpoint_auth_method": method,
                "grant_types": ["authorization_code", "implicit"],
                "response_types": ["token"],
                "logo_uri": 5,
                "jwks": {"keys": []},
                "client_name#de": "x",
                "software_statement": "e30",
            }),
        )
        .await;
        assert_eq!(reply.header("cache-control"), "no-store");
        let mut answer = reply.ok(201);
        let client_id = answer["client_id"].take();
        assert!(client_id.as_str().is_some_and(|id| id.len() >= 16), "{client_id}");
        assert_eq!(
            answer,
            json!({
                "client_id": null,
                "client_id_issued_at": 1_893_456_000,
                "client_name": "Claude Code",
                "client_uri": "https://example.org",
                "redirect_uris": ["http://127.0.0.1:33418/cb", "https://example.org/cb", "cursor://app/cb"],
                "grant_types":
                    ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
            })
        );
        assert!(is_known(&server, client_id.as_str().unwrap()).await);
    }
}

async fn members_may_be_null_and_unknown_ones_are_ignored(server: TestServer) {
    let body = json!({"redirect_uris": ["https://example.org"], "client_name": null, "client_uri": null, "scope": null,
        "contacts": null, "x": {"y": [1]}});
    assert_eq!(register(&server.anonymous(), body).await.ok(201)["client_name"], "Unnamed application");
}

async fn redirect_uris_that_can_not_be_trusted_are_refused(server: TestServer) {
    let client = server.anonymous();
    for uri in [
        "http://example.org/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.org",
        "view-source:https://example.org",
        "https://example.org/#x",
        "https://a@example.org",
        "/cb",
        "",
    ] {
        let server_limit = client.clone().seen_from(&format!("10.1.0.{}", uri.len()));
        refused(&register(&server_limit, json!({"redirect_uris": [uri]})).await, 400, "invalid_redirect_uri");
    }
    refused(&register(&client, json!({"redirect_uris": []})).await, 400, "invalid_redirect_uri");
    refused(&register(&client, json!({"client_name": "x"})).await, 400, "invalid_redirect_uri");
}

async fn ten_redirect_uris_and_8_kb_are_the_most(server: TestServer) {
    let client = server.anonymous();
    let uris = |count: usize| (0..count).map(|number| format!("https://example.org/{number}")).collect::<Vec<_>>();
    register(&client, json!({"redirect_uris": uris(10)})).await.ok(201);
    refused(&register(&client, json!({"redirect_uris": uris(11)})).await, 400, "invalid_redirect_uri");
    let sized = |length: usize| {
        let empty = json!({"redirect_uris": ["https://example.org"], "x": ""}).to_string().len();
        json!({"redirect_uris": ["https://example.org"], "x": "x".repeat(length - empty)}).to_string()
    };
    register_text(&client, sized(8_000)).await.ok(201);
    refused(&register_text(&client, sized(8_001)).await, 400, "invalid_client_metadata");
    refused(&register_text(&client, sized(1_000_001)).await, 413, "invalid_request");
}

async fn what_is_no_metadata_is_refused(server: TestServer) {
    let client = server.anonymous();
    for body in [
        "",
        "x",
        "[]",
        "5",
        "null",
        "{",
        r#"{"redirect_uris":"https://a"}"#,
        r#"{"redirect_uris":[5]}"#,
        r#"{"redirect_uris":["https://a"],"client_name":5}"#,
        r#"{"redirect_uris":["https://a"],"redirect_uris":["https://b"]}"#,
    ] {
        refused(&register_text(&client, body).await, 400, "invalid_client_metadata");
    }
}

async fn an_address_registers_20_applications_an_hour(server: TestServer) {
    let client = server.anonymous().seen_from("203.0.113.7");
    let body = || json!({"redirect_uris": ["https://example.org"]});
    for _ in 0..20 {
        register(&client, body()).await.ok(201);
    }
    let reply = register(&client, body()).await;
    refused(&reply, 429, "temporarily_unavailable");
    assert!((1..=3_600).contains(&reply.header("retry-after").parse::<u32>().unwrap()));
    register(&server.anonymous().seen_from("203.0.113.8"), body()).await.ok(201);
    server.advance(HOUR);
    register(&client, body()).await.ok(201);
}

async fn addresses_of_one_ipv6_network_count_together(server: TestServer) {
    let body = || json!({"redirect_uris": ["https://example.org"]});
    for number in 0..20 {
        let client = server.anonymous().seen_from(&format!("[2001:db8::{number:x}]"));
        register(&client, body()).await.ok(201);
    }
    let neighbour = server.anonymous().seen_from("[2001:db8::ffff:1]");
    refused(&register(&neighbour, body()).await, 429, "temporarily_unavailable");
    register(&server.anonymous().seen_from("[2001:db8:0:1::1]"), body()).await.ok(201);
}

async fn of_1000_unused_applications_the_oldest_gives_way(server: TestServer) {
    let body = json!({"redirect_uris": ["https://example.org/cb"]});
    let from =
        |number: usize| server.anonymous().seen_from(&format!("10.{}.{}.1", number / 20 / 250, number / 20 % 250));
    let first = id(&register(&from(0), body.clone()).await);
    server.advance(1);
    let second = id(&register(&from(1), body.clone()).await);
    for number in 2..1_000 {
        register(&from(number), body.clone()).await.ok(201);
    }
    assert!(is_known(&server, &first).await, "1000 may stay");
    server.advance(1);
    let last = id(&register(&from(2_000), body).await);
    assert!(!is_known(&server, &first).await, "the oldest has given way");
    assert!(is_known(&server, &second).await && is_known(&server, &last).await);
}

async fn applications_that_nobody_connects_are_swept_after_24_hours(server: TestServer) {
    let client = server.anonymous();
    let old = id(&register(&client, json!({"redirect_uris": ["https://example.org/cb"]})).await);
    server.advance(24 * HOUR);
    let new = id(&register(&client, json!({"redirect_uris": ["https://example.org/cb"]})).await);
    assert_eq!(clean_once(&server.app).await.unwrap().applications, 0);
    assert!(is_known(&server, &old).await);
    server.advance(1);
    assert_eq!(clean_once(&server.app).await.unwrap().applications, 1);
    assert!(!is_known(&server, &old).await);
    assert!(is_known(&server, &new).await);
    assert!(is_known_command_line(&server).await, "what is built in stays");
}

async fn is_known_command_line(server: &TestServer) -> bool {
    let path = "//oauth/authorize?client_id=uptrakit-cli&redirect_uri=http://127.0.0.1:5/callback";
    server.anonymous().get(path).await.status == 303
}

async fn a_registration_is_told_in_the_audit(server: TestServer) {
    let root = server.with_root().await;
    register(&server.anonymous().seen_from("203.0.113.9"), json!({"redirect_uris": ["https://example.org"]}))
        .await
        .ok(201);
    let events = root.get("/audit?action=application.register").await.ok(200);
    assert_eq!(events["total"], 1, "{events}");
    assert_eq!(
        (&events["items"][0]["address"], &events["items"][0]["actor_id"]),
        (&json!("203.0.113.9"), &json!(null))
    );
}

async fn a_registration_that_a_setting_closes_says_who_can_open_it(server: TestServer) {
    let closed = server.another_with_oauth(OAuthRules { is_on: true, registration: false, documents: false }).await;
    let reply = register(&closed.anonymous(), json!({"redirect_uris": ["https://example.org"]})).await;
    refused(&reply, 400, "access_denied");
    assert!(reply.text.contains("administrator"), "{}", reply.text);
}

async fn pages_of_any_origin_may_register(server: TestServer) {
    let client = server.anonymous();
    let request = client.request(Method::POST, "//oauth/register").header("origin", "https://inspector.example");
    let reply = client.send(request, json!({"redirect_uris": ["https://example.org"]}).to_string()).await;
    reply.ok(201);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let request = client.request(Method::POST, "//oauth/register").header("origin", "https://inspector.example");
    let reply = client.send(request, "{}").await;
    assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (400, "*"), "errors too");
    for path in ["//oauth/register", "//oauth/token", "//oauth/revoke"] {
        let request = client
            .request(Method::OPTIONS, path)
            .header("origin", "https://inspector.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-any");
        let reply = client.send(request, "").await;
        assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (200, "*"), "{path}");
        assert_eq!(reply.header("access-control-allow-headers"), "x-any");
        let get = client.get(path).await;
        get.refused(405, "method-not-allowed");
        assert_eq!(get.header("allow"), "POST");
    }
}

on_both!(
    whatever_authentication_is_asked_for_an_application_gets_none,
    members_may_be_null_and_unknown_ones_are_ignored,
    redirect_uris_that_can_not_be_trusted_are_refused,
    ten_redirect_uris_and_8_kb_are_the_most,
    what_is_no_metadata_is_refused,
    an_address_registers_20_applications_an_hour,
    addresses_of_one_ipv6_network_count_together,
    of_1000_unused_applications_the_oldest_gives_way,
    applications_that_nobody_connects_are_swept_after_24_hours,
    a_registration_is_told_in_the_audit,
    a_registration_that_a_setting_closes_says_who_can_open_it,
    pages_of_any_origin_may_register,
);
