//! Contract, section 4: "Answers with data above 1 kB are compressed, never one that carries a secret, nor an event
//! stream." (The stream's test is in `hosts.rs`.)

use std::io::Read as _;

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestServer, on_both, report};

on_both!(data_above_1_kb_is_compressed_for_those_who_take_it, what_contains_a_secret_is_never_compressed);

struct Answer {
    status: u16,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Answer {
    fn coding(&self) -> &str {
        self.headers.get(header::CONTENT_ENCODING).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        match self.coding() {
            "br" => brotli::Decompressor::new(&*self.bytes, 4_096).read_to_string(&mut text),
            "gzip" => flate2::read::GzDecoder::new(&*self.bytes).read_to_string(&mut text),
            _ => (&*self.bytes).read_to_string(&mut text),
        }
        .unwrap();
        text
    }
}

async fn ask(client: &Client, method: Method, path: &str, accepted: &str, body: Option<&Value>) -> Answer {
    let mut request = client.request(method, path).header(header::CONTENT_TYPE, "application/json");
    if !accepted.is_empty() {
        request = request.header(header::ACCEPT_ENCODING, accepted);
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let response = client.open_request(request, body).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, bytes }
}

/// A token whose answer is above 1 kB.
fn long_token(name: &str) -> Value {
    let networks: Vec<_> =
        (0..50).map(|number| format!("2001:db8:{number}::/48")).chain(["127.0.0.1".into()]).collect();
    json!({ "name": name, "allowed_networks": networks })
}

async fn data_above_1_kb_is_compressed_for_those_who_take_it(server: TestServer) {
    let root = server.with_root().await;
    let (token, _) = root.new_token(long_token("first")).await;
    let mut host = Value::Null;
    for number in 0..5 {
        host = root.post("/hosts/report", report(&format!("machine-{number}"))).await.ok(201);
        root.new_token(long_token(&format!("token-{number}"))).await;
        server.add_user(&format!("user-{number}"), "viewer").await;
        server.sign_in("root").await;
    }
    let document = root.get("/openapi.json").await.json();
    let account = root.get("/auth/me").await.json()["id"].clone();
    let mut large = Vec::new();
    // A route that is added to the server is tested here without a line of its own.
    for (path, item) in document["paths"].as_object().unwrap() {
        if item.get("get").is_none() || path == "/hosts/events" {
            continue;
        }
        let id = match path.as_str() {
            "/hosts/{id}" => &host["id"],
            path if path.starts_with("/users/{id}/") => &account,
            _ => &json!(token),
        };
        let path = path.replace("{id}", id.as_str().unwrap());
        if is_compressed_when_large(&root, Method::GET, &path, None).await {
            large.push(path);
        }
    }
    for (name, body) in
        [("list_tokens", json!({ "query": {} })), ("list_sessions", json!({})), ("list_activity", json!({ "page": 1 }))]
    {
        let path = format!("/rpc/{name}");
        assert!(is_compressed_when_large(&root, Method::POST, &path, Some(&body)).await, "{path} is small");
    }
    let token = format!("/auth/api-tokens/{token}");
    let lists = ["/audit", "/audit/export", "/auth/api-tokens", "/auth/sessions", "/hosts", "/openapi.json", "/users"];
    for path in lists.into_iter().chain([token.as_str()]) {
        assert!(large.iter().any(|large| large == path), "{path} is small");
    }
    assert_eq!(ask(&root, Method::GET, "/auth/me", "br, gzip", None).await.coding(), "", "it is small");
}

/// Checks that the answer is compressed if it is above 1 kB, and returns whether it is.
async fn is_compressed_when_large(client: &Client, method: Method, path: &str, body: Option<&Value>) -> bool {
    let plain = ask(client, method.clone(), path, "", body).await;
    assert_eq!((plain.status, plain.coding()), (200, ""), "{path}: {}", plain.text());
    let is_large = plain.bytes.len() > 1_000;
    for (accepted, coding) in
        [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("deflate", ""), ("br;q=0, gzip;q=0", "")]
    {
        let answer = ask(client, method.clone(), path, accepted, body).await;
        assert_eq!(answer.coding(), if is_large { coding } else { "" }, "{path} for {accepted}");
        if !answer.coding().is_empty() {
            let (wire, length) = (answer.bytes.len(), answer.headers.get(header::CONTENT_LENGTH));
            assert!(length.is_none() && wire < plain.bytes.len() / 2, "{path}: {wire} of {}", plain.bytes.len());
            assert_eq!(answer.headers[header::VARY], "accept-encoding", "{path}");
        }
        let answered: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answered.len(), plain.text().lines().count(), "{path}");
    }
    is_large
}

async fn what_contains_a_secret_is_never_compressed(server: TestServer) {
    let root = server.with_root().await;
    let (token, _) = root.new_token(long_token("rotated")).await;
    let body = json!({ "username": "ada", "email": "ada@example.org", "roles": ["viewer"] });
    let ada = root.post("/users", body).await.ok(201)["id"].as_str().unwrap().to_owned();
    let grace = json!({ "username": "grace", "email": "grace@example.org", "roles": ["viewer"] });
    let login = json!({ "login": "root", "password": PASSWORD });
    let with_networks = |name: &str| Some(long_token(name));
    let secrets = [
        ("/auth/api-tokens", with_networks("ci"), 201, true),
        (&format!("/auth/api-tokens/{token}/rotate"), None, 201, true),
        ("/auth/sessions", Some(login.clone()), 201, false),
        ("/users", Some(grace), 201, false),
        (&format!("/users/{ada}/invitation"), None, 201, false),
        ("/rpc/create_token", Some(json!({ "request": long_token("page") })), 200, true),
        ("/rpc/rotate_token", Some(json!({ "id": token, "request": {} })), 200, true),
        ("/rpc/sign_in", Some(json!({ "request": login })), 200, false),
    ];
    for (path, body, status, is_large) in secrets {
        // Signing in ends the session that comes with it.
        let client =
            if path.contains("/sessions") || path.contains("sign_in") { &server.sign_in("root").await } else { &root };
        let answer = ask(client, Method::POST, path, "gzip, br", body.as_ref()).await;
        assert_eq!((answer.status, answer.coding()), (status, ""), "{path}: {}", answer.text());
        assert_eq!(answer.bytes.len() > 1_000, is_large, "{path}: {}", answer.text());
    }
    let path = format!("/auth/api-tokens/{token}");
    assert_eq!(ask(&root, Method::GET, &path, "gzip", None).await.coding(), "gzip", "the same without its secret");
}
