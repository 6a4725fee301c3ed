//! Sends requests made from the OpenAPI document to every route, with parameters and bodies that are right, nearly
//! right and nonsense. Each error must be the client's mistake and not the server's, and must be a problem document.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Method, header};
use serde_json::{Map, Value, json};

use crate::support::{Client, Reply, TestServer, on_both, report};

/// Each operation is requested this often.
const ROUNDS: usize = 120;

const TEXTS: [&str; 22] = [
    "",
    " ",
    "x",
    "root",
    "hosts:read",
    "viewer",
    "2031-01-01T00:00:00Z",
    "2031-01-01T00:00:00+25:00",
    "10.0.0.0/8",
    "::/0",
    "-created_at",
    "\0",
    "a\0b",
    "\u{feff}",
    "\u{202e}",
    "%00%ff",
    "%_\\",
    "'; DROP TABLE accounts; --",
    "{}",
    "[null]",
    "00000000-0000-7000-8000-000000000000",
    "\u{1f511}\u{301}\u{301}",
];

/// A sequence that looks random and is the same in every run (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((value ^ (value >> 31)) % sides as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.roll(choices.len())]
    }

    fn text(&mut self) -> String {
        match self.roll(12) {
            0 => "x".repeat(self.roll(400)),
            1 => (0..self.roll(40))
                .filter_map(|_| char::from_u32(u32::try_from(self.roll(0x11_0000)).unwrap()))
                .collect(),
            _ => (*self.pick(&TEXTS)).to_owned(),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.roll(if depth < 4 { 12 } else { 9 }) {
            0 => json!(null),
            1 => json!(self.roll(2) == 0),
            2 => json!(i64::try_from(self.roll(2_000)).unwrap() - 1_000),
            3 => json!(*self.pick(&[u64::MAX, 1 << 53, 4_294_967_296, 604_800, 0])),
            4 => json!(*self.pick(&[f64::MIN, 1e300, -0.5, 1e-300])),
            5..9 => json!(self.text()),
            9 => (0..self.roll(5)).map(|_| self.value(depth + 1)).collect(),
            10 => json!([self.text(), self.text()]),
            _ => (0..self.roll(4)).map(|_| (self.text(), self.value(depth + 1))).collect::<Map<_, _>>().into(),
        }
    }
}

/// Returns a value that the field accepts.
fn right_value(field: &str, dice: &mut Dice) -> Value {
    match field {
        "roles" => json!(["viewer", "operator"]),
        "permissions" => json!(["hosts:read", "tokens:write"]),
        "allowed_networks" => json!(["127.0.0.0/8"]),
        "expires_at" => json!("2031-01-01T00:00:00+01:00"),
        "overlap_seconds" | "security_updates" => json!(dice.roll(1_000)),
        "pending_updates" => json!(1_000 + dice.roll(1_000)),
        "active" | "reboot_required" | "end_other_sessions" | "revoke_tokens" => json!(true),
        "email" => json!(format!("p{}@example.org", dice.roll(1_000_000))),
        "password" | "current_password" | "new_password" => json!("thirteen lost umbrellas"),
        _ => json!(format!("p{}", dice.roll(1_000_000))),
    }
}

struct Operation {
    method: String,
    path: String,
    query: Vec<String>,
    fields: Option<Vec<String>>,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(uptrakit_server::http::openapi::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let fields = schema.map(|reference| {
                let name = reference.rsplit('/').next().unwrap();
                document["components"]["schemas"][name]["properties"].as_object().unwrap().keys().cloned().collect()
            });
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
                fields,
            });
        }
    }
    found
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

async fn ask(client: &Client, operation: &Operation, ids: &[String], dice: &mut Dice) -> (String, Reply) {
    let mut path = operation.path.clone();
    for name in ["{id}", "{token_id}"] {
        let id = if dice.roll(4) == 0 { encode(&dice.text()) } else { dice.pick(ids).clone() };
        path = path.replace(name, &id);
    }
    let mut asked = Vec::new();
    for name in &operation.query {
        if dice.roll(3) == 0 {
            asked.push(format!("{name}={}", encode(&dice.text())));
        }
    }
    if !asked.is_empty() {
        path = format!("{path}?{}", asked.join("&"));
    }
    let body = operation.fields.as_ref().map(|fields| match dice.roll(10) {
        0 => dice.value(0).to_string(),
        1 => dice.text(),
        _ => {
            let mut body = if operation.path == "/hosts/report" { report("generated") } else { json!({}) };
            for field in fields {
                match dice.roll(8) {
                    0 => body[field] = dice.value(1),
                    1 => {}
                    _ => body[field] = right_value(field, dice),
                }
            }
            body.to_string()
        }
    });
    let mut request = client.request(Method::from_bytes(operation.method.as_bytes()).unwrap(), &path);
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let told = format!("{} {path} {}", operation.method, body.as_deref().unwrap_or_default());
    (told, client.send(request, Body::from(body.unwrap_or_default())).await)
}

on_both!(no_request_is_the_servers_mistake);

async fn no_request_is_the_servers_mistake(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "full" })).await;
    let host = root.post("/hosts/report", report("m")).await.ok(201)["id"].as_str().unwrap().to_owned();
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    let (kims_token, _) = kim.new_token(json!({ "name": "ci" })).await;
    let kim_id = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let ids = [host, kims_token, kim_id, "00000000-0000-7000-8000-000000000000".to_owned()];
    let mut dice = Dice(7);
    let mut seen: BTreeMap<u16, usize> = BTreeMap::new();
    for operation in operations() {
        // The stream has no end of its own. Other tests check that it takes no body and no query.
        if operation.path == "/hosts/events" {
            continue;
        }
        // Each failed sign-in costs a password hash.
        let rounds = if operation.path == "/auth/sessions" { ROUNDS / 8 } else { ROUNDS };
        for round in 0..rounds {
            let client = if round % 3 == 0 { root.clone() } else { server.bearer(&text) };
            let (told, reply) = ask(&client, &operation, &ids, &mut dice).await;
            let status = reply.status.as_u16();
            *seen.entry(status).or_default() += 1;
            assert!(status < 500, "{told}\n{status} {}", reply.text);
            if status >= 400 {
                let problem = reply.json();
                reply.refused(status, problem["code"].as_str().unwrap());
                assert_eq!(problem["errors"].is_array(), status == 422, "{told}\n{problem}");
            } else {
                assert!(reply.text.is_empty() || !reply.header("content-type").is_empty(), "{told}");
            }
        }
    }
    for status in [200, 201, 204, 400, 401, 403, 404, 422] {
        assert!(seen.contains_key(&status), "the requests are too tame: {seen:?}");
    }
    root.get("/auth/me").await.ok(200);
    server.bearer(&text).get("/auth/me").await.ok(200);
}
