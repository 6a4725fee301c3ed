//! Tests every route with every kind of credential. A route that has no row here fails the test, and so does a row
//! without a route: the table is checked against the OpenAPI document, which is made from the handlers.

use http::{Method, header};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestServer, on_both, report};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const ALL: [&str; 6] = ["hosts:read", "hosts:report", "hosts:write", "tokens:write", "users:manage", "audit:read"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    Nothing,
    Any,
    Session,
    Permission(&'static str),
}

/// Each row is a method, a path and what the route needs.
const ROUTES: [(&str, &str, Needs); 37] = [
    ("get", "/openapi.json", Needs::Nothing),
    ("post", "/auth/sessions", Needs::Nothing),
    ("get", "/auth/sessions", Needs::Session),
    ("delete", "/auth/sessions/{id}", Needs::Session),
    ("put", "/auth/password", Needs::Session),
    ("get", "/auth/me", Needs::Any),
    ("get", "/auth/me/audit", Needs::Any),
    ("get", "/auth/api-tokens", Needs::Any),
    ("post", "/auth/api-tokens", Needs::Permission("tokens:write")),
    ("get", "/auth/api-tokens/{id}", Needs::Any),
    ("patch", "/auth/api-tokens/{id}", Needs::Permission("tokens:write")),
    ("delete", "/auth/api-tokens/{id}", Needs::Permission("tokens:write")),
    ("post", "/auth/api-tokens/{id}/rotate", Needs::Permission("tokens:write")),
    ("delete", "/auth/api-tokens/{id}/overlap", Needs::Permission("tokens:write")),
    ("post", "/auth/api-tokens/{id}/confirm", Needs::Permission("tokens:write")),
    ("get", "/hosts", Needs::Permission("hosts:read")),
    ("get", "/hosts/{id}", Needs::Permission("hosts:read")),
    ("get", "/hosts/events", Needs::Permission("hosts:read")),
    ("post", "/hosts/report", Needs::Permission("hosts:report")),
    ("patch", "/hosts/{id}", Needs::Permission("hosts:write")),
    ("delete", "/hosts/{id}", Needs::Permission("hosts:write")),
    ("get", "/users", Needs::Permission("users:manage")),
    ("post", "/users", Needs::Permission("users:manage")),
    ("post", "/users/{id}/invitation", Needs::Permission("users:manage")),
    ("patch", "/users/{id}", Needs::Permission("users:manage")),
    ("get", "/users/{id}/api-tokens", Needs::Permission("users:manage")),
    ("delete", "/users/{id}/api-tokens/{token_id}", Needs::Permission("users:manage")),
    ("post", "/users/{id}/api-tokens/{token_id}/confirm", Needs::Permission("users:manage")),
    ("get", "/users/{id}/applications", Needs::Permission("users:manage")),
    ("delete", "/users/{id}/applications/{grant_id}", Needs::Permission("users:manage")),
    ("get", "/auth/applications", Needs::Any),
    ("delete", "/auth/applications/{id}", Needs::Permission("tokens:write")),
    ("get", "/applications", Needs::Permission("users:manage")),
    ("patch", "/applications/{id}", Needs::Permission("users:manage")),
    ("delete", "/applications/{id}", Needs::Permission("users:manage")),
    ("get", "/audit", Needs::Permission("audit:read")),
    ("get", "/audit/export", Needs::Permission("audit:read")),
];

fn body_for(method: &str, path: &str) -> Option<Value> {
    match (method, path) {
        ("post", "/hosts/report") => Some(report("policy")),
        ("post" | "patch" | "put", _) => Some(json!({})),
        _ => None,
    }
}

async fn ask(client: &Client, method: &str, path: &str) -> (u16, Option<String>) {
    let concrete = path.replace("{id}", NOBODY).replace("{token_id}", NOBODY).replace("{grant_id}", NOBODY);
    let method_name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    if path == "/hosts/events" {
        let response = client.open(&concrete).await;
        let status = response.status().as_u16();
        if status == 200 {
            return (200, None);
        }
        let bytes = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        return (status, problem["code"].as_str().map(str::to_owned));
    }
    let mut request = client.request(method_name, &concrete);
    let body = body_for(method, path);
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let reply = client.send(request, body.map(|body| body.to_string()).unwrap_or_default()).await;
    let code =
        serde_json::from_str::<Value>(&reply.text).ok().and_then(|value| value["code"].as_str().map(str::to_owned));
    (reply.status.as_u16(), code)
}

fn documented() -> Vec<(String, String)> {
    let document = serde_json::to_value(uptrakit_server::http::openapi::document()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            routes.push((method.clone(), path.clone()));
        }
    }
    routes
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let documented = documented();
    for (method, path) in &documented {
        assert!(ROUTES.iter().any(|(m, p, _)| m == method && p == path), "{method} {path} has no row");
    }
    for (method, path, _) in ROUTES {
        assert!(documented.iter().any(|(m, p)| m == method && p == path), "{method} {path} is no route");
    }
}

#[test]
fn the_guide_says_what_every_route_needs() {
    const GUIDE: &str = include_str!("../../../docs/guide/permissions.md");
    for (method, path, needs) in ROUTES {
        let request = format!("| `{} {path}` | ", method.to_uppercase());
        let row = GUIDE.lines().find_map(|line| line.strip_prefix(&request));
        let row = row.unwrap_or_else(|| panic!("the guide does not name {method} {path}"));
        let expected = match needs {
            Needs::Nothing => "nothing".to_owned(),
            Needs::Any => "any credential".to_owned(),
            Needs::Session => "a session".to_owned(),
            Needs::Permission(name) => format!("`{name}`"),
        };
        assert!(row.starts_with(&expected), "{method} {path} needs {expected}, not {row}");
    }
}

async fn expect(client: &Client, who: &str, expected: impl Fn(Needs) -> Option<(u16, &'static str)>) {
    for (method, path, needs) in ROUTES {
        if needs == Needs::Nothing {
            continue;
        }
        let (status, code) = ask(client, method, path).await;
        match expected(needs) {
            Some(refusal) => {
                assert_eq!((status, code.as_deref()), (refusal.0, Some(refusal.1)), "{who}: {method} {path}");
            }
            None => assert!(!matches!(status, 401 | 403 | 500..), "{who}: {method} {path} answered {status} {code:?}"),
        }
    }
}

on_both!(every_route_judges_every_kind_of_credential, every_server_function_judges_every_kind_of_credential);

async fn every_route_judges_every_kind_of_credential(server: TestServer) {
    let root = server.with_root().await;
    expect(&server.anonymous(), "nobody", |_| Some((401, "missing-credentials"))).await;
    expect(&server.bearer("upk_nonsense"), "garbage", |_| Some((401, "invalid-token"))).await;
    expect(&cross_site(&server).await, "another site", |_| Some((403, "cross-origin"))).await;

    let (_, full) = root.new_token(json!({ "name": "full" })).await;
    let token = server.bearer(&full);
    expect(&token, "a full token", |needs| (needs == Needs::Session).then_some((403, "insufficient-permission"))).await;
    for missing in ALL {
        let rest: Vec<_> = ALL.into_iter().filter(|name| *name != missing).collect();
        let (_, text) = root.new_token(json!({ "name": format!("all but {missing}"), "permissions": rest })).await;
        expect(&server.bearer(&text), missing, |needs| match needs {
            Needs::Session => Some((403, "insufficient-permission")),
            Needs::Permission(name) if name == missing => Some((403, "insufficient-permission")),
            _ => None,
        })
        .await;
    }
    let (id, old) = root.new_token(json!({ "name": "rotated" })).await;
    let rotate = format!("/auth/api-tokens/{id}/rotate");
    root.post(&rotate, json!({ "overlap_seconds": 3600 })).await.ok(201);
    for (method, path, needs) in ROUTES {
        let changes_tokens = needs == Needs::Permission("tokens:write")
            || (needs == Needs::Permission("users:manage") && (method == "delete" || path.ends_with("/confirm")));
        let (status, code) = ask(&server.bearer(&old), method, path).await;
        let refused = (status, code.as_deref()) == (403, Some("insufficient-permission"));
        assert_eq!(refused, changes_tokens || needs == Needs::Session, "{method} {path} answered {status} {code:?}");
    }
    let (_, elsewhere) = root.new_token(json!({ "name": "elsewhere", "allowed_networks": ["203.0.113.0/24"] })).await;
    expect(&server.bearer(&elsewhere), "another network", |_| Some((403, "network-not-allowed"))).await;
    let (_, expired) = root.new_token(json!({ "name": "expired", "expires_at": "2030-01-01T00:00:01Z" })).await;
    server.advance(1_000);
    expect(&server.bearer(&expired), "expired", |_| Some((401, "token-expired"))).await;
    let (id, revoked) = root.new_token(json!({ "name": "revoked" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    expect(&server.bearer(&revoked), "revoked", |_| Some((401, "token-revoked"))).await;
    let closed = closed_account(&server, &root).await;
    expect(&closed, "a closed account", |_| Some((401, "account-disabled"))).await;
    expect(&server.sign_in("root").await, "a session", |_| None).await;
}

/// Server functions: name, body, whether it needs a session.
const FUNCTIONS: [(&str, &str, bool); 23] = [
    ("find_visitor", "{}", false),
    ("get_invitation", r#"{"code":"none"}"#, false),
    (
        "set_up",
        r#"{"request":{"code":"none","username":"kim","email":"kim@example.org","password":"seven brown owls"}}"#,
        false,
    ),
    ("sign_in", r#"{"request":{"login":"kim","password":"seven brown owls"}}"#, false),
    ("sign_out", "{}", true),
    ("change_password", r#"{"request":{"current_password":"a","new_password":"b"}}"#, true),
    ("list_sessions", "{}", true),
    ("end_session", r#"{"id":"00000000-0000-7000-8000-000000000000"}"#, true),
    ("end_other_sessions", "{}", true),
    ("list_activity", r#"{"page":1}"#, true),
    ("list_tokens", r#"{"query":{}}"#, true),
    ("find_first_use", r#"{"id":"00000000-0000-7000-8000-000000000000"}"#, true),
    ("create_token", r#"{"request":{"name":"x"}}"#, true),
    ("update_token", r#"{"id":"00000000-0000-7000-8000-000000000000","request":{}}"#, true),
    ("rotate_token", r#"{"id":"00000000-0000-7000-8000-000000000000","request":{}}"#, true),
    ("open_consent", r#"{"request":"none"}"#, true),
    ("approve_consent", r#"{"request":"none","approval":{"permissions":["hosts:read"]}}"#, true),
    ("deny_consent", r#"{"request":"none"}"#, true),
    ("open_device", r#"{"code":"WDJB-MJHT"}"#, true),
    ("approve_device", r#"{"code":"WDJB-MJHT","approval":{"permissions":["hosts:read"]}}"#, true),
    ("deny_device", r#"{"code":"WDJB-MJHT"}"#, true),
    ("end_overlap", r#"{"id":"00000000-0000-7000-8000-000000000000"}"#, true),
    ("revoke_token", r#"{"id":"00000000-0000-7000-8000-000000000000"}"#, true),
];

#[test]
fn every_server_function_has_a_row_and_every_row_a_server_function() {
    let mut there: Vec<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let mut rows: Vec<_> = FUNCTIONS.iter().map(|(name, ..)| format!("/rpc/{name}")).collect();
    there.sort_unstable();
    rows.sort_unstable();
    assert_eq!(there, rows);
}

async fn call(client: &Client, name: &str, body: &str) -> (u16, Option<String>) {
    let mut request = client.request(Method::POST, &format!("/rpc/{name}")).header("content-type", "application/json");
    if request.headers_ref().is_some_and(|headers| !headers.contains_key("sec-fetch-site")) {
        request = request.header("sec-fetch-site", "same-origin");
    }
    let reply = client.send(request, body.to_owned()).await;
    let problem = serde_json::from_str::<Value>(&reply.text).ok();
    (reply.status.as_u16(), problem.and_then(|value| value["code"].as_str().map(str::to_owned)))
}

async fn every_server_function_judges_every_kind_of_credential(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "full" })).await;
    let ended = server.sign_in("root").await;
    ended.delete("/auth/sessions/current").await.ok(204);
    for (name, body, needs_session) in FUNCTIONS {
        for (who, client) in [
            ("no credential", server.anonymous()),
            ("a token", server.bearer(&token)),
            ("an ended session", ended.clone()),
        ] {
            let (status, code) = call(&client, name, body).await;
            if needs_session {
                assert_eq!((status, code.as_deref()), (401, Some("missing-credentials")), "{who}: {name}");
            } else {
                assert!(
                    status < 500 && code.as_deref() != Some("missing-credentials"),
                    "{who}: {name}: {status} {code:?}"
                );
            }
        }
        let (status, code) = call(&cross_site(&server).await, name, body).await;
        assert_eq!((status, code.as_deref()), (403, Some("cross-origin")), "another site: {name}");
        let (status, code) = call(&server.sign_in("root").await, name, body).await;
        let refused = status == 403 || status >= 500 || code.as_deref() == Some("missing-credentials");
        assert!(!refused, "a session: {name}: {status} {code:?}");
    }
}

async fn cross_site(server: &TestServer) -> Client {
    let reply = server.anonymous().post("/auth/sessions", json!({ "login": "root", "password": PASSWORD })).await;
    server.cookie(crate::support::cookie_of(&reply)).caused_elsewhere()
}

async fn closed_account(server: &TestServer, root: &Client) -> Client {
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let (_, text) = kim.new_token(json!({ "name": "ci" })).await;
    let id = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    root.patch(&format!("/users/{id}"), json!({ "active": false })).await.ok(200);
    server.bearer(&text)
}
