//! Contract, section 2, and ASVS V16.2.5: after everything that can be done with tokens was done, their secrets are
//! nowhere: not in the database, its log or a backup, not in the server's log at its most verbose level, not in metrics
//! or audit events.

use axum::body::Body;
use http::{Method, header};
use serde_json::json;
use uptrakit_store::Conn;

use crate::{
    process::{add_root, program, start_with},
    support::{Client, PASSWORD, TestServer, mcp::ERAS, oauth, on_both, report},
};

/// Does everything that can be done with tokens, and what users do wrong with them. Returns the secrets that were
/// issued.
async fn live_through_everything(server: &TestServer, root: &Client) -> Vec<String> {
    let (id, first) = root.new_token(json!({ "name": "one" })).await;
    let token = server.bearer(&first);
    token.get("/auth/me").await.ok(200);
    token.post("/hosts/report", report("m")).await.ok(201);
    let (_, child) = token.new_token(json!({ "name": "child", "permissions": ["hosts:read"] })).await;
    let rotate = json!({ "overlap_seconds": 60 });
    let rotated = token.post(&format!("/auth/api-tokens/{id}/rotate"), rotate).await.ok(201);
    let second = rotated["token"].as_str().unwrap().to_owned();
    server.bearer(&second).patch(&format!("/auth/api-tokens/{id}"), json!({ "name": "uno" })).await.ok(200);
    for text in [&first, &second, &child] {
        server.bearer(text).get("/hosts").await.ok(200);
        mistake_it(server, root, text).await;
        mistake_it_at_mcp(&server.bearer(&second), text).await;
    }
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    for text in [&first, &second] {
        server.bearer(text).get("/hosts").await.refused(401, "token-revoked");
    }
    server.app.last_used.flush(&server.app.store, server.app.clock.now(), true).await.unwrap();
    uptrakit_core::domain::audit::write_rejected_tokens(&server.app).await.unwrap();
    vec![first, second, child]
}

/// Connects an application, refreshes, loses an answer, uses what is spent, and signs a device in. Returns the secrets
/// that were issued.
async fn live_through_oauth(server: &TestServer, root: &Client) -> Vec<String> {
    let anonymous = server.anonymous();
    let client = oauth::register(server, "Test client", oauth::REDIRECT).await.client_id;
    let request = oauth::begin(server, &client, &[]).await;
    let code = oauth::approve(root, &request, &["hosts:read"]).await;
    let first = oauth::exchange(&anonymous, &client, &code, &[]).await.ok(200);
    let spent = oauth::text(&first, "refresh_token");
    let mut secrets = vec![request, code.clone(), spent.clone(), oauth::text(&first, "access_token")];
    for _ in 0..2 {
        let answer = oauth::refresh(&anonymous, &client, &spent, &[]).await.ok(200);
        secrets.extend([oauth::text(&answer, "access_token"), oauth::text(&answer, "refresh_token")]);
    }
    for secret in &secrets[1..] {
        oauth::use_at_mcp(server, secret).await;
        server.bearer(secret).get("/hosts").await.refused(401, "invalid-token");
        mistake_it(server, root, secret).await;
    }
    let begun = [("client_id", oauth::COMMAND_LINE), ("resource", oauth::API)];
    let begun = oauth::post_form(&anonymous, "/oauth/device_authorization", &begun).await.ok(200);
    let allowed = json!({ "code": begun["user_code"], "approval": { "permissions": ["hosts:read"] } });
    oauth::rpc(root, "approve_device", allowed).await.ok(200);
    let device = oauth::text(&begun, "device_code");
    let ask = [
        ("client_id", oauth::COMMAND_LINE),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", &device),
    ];
    let token = oauth::text(&oauth::post_form(&anonymous, "/oauth/token", &ask).await.ok(200), "access_token");
    server.advance(60_000);
    assert_eq!(oauth::refresh(&anonymous, &client, &spent, &[]).await.status, 400, "a replay");
    secrets.extend([device, token]);
    secrets
}

/// Puts a secret where none belongs. No answer repeats it.
async fn mistake_it(server: &TestServer, root: &Client, text: &str) {
    let secret = &text[4..34];
    let mut replies = vec![
        root.get(&format!("/hosts/{text}")).await,
        root.delete(&format!("/auth/api-tokens/{text}")).await,
        root.get(&format!("/auth/api-tokens?q={text}")).await,
        root.get(&format!("/auth/api-tokens?sort={text}")).await,
        root.get(&format!("/auth/api-tokens?{text}=1")).await,
        root.get(&format!("/audit?action={text}")).await,
        server.anonymous().get(&format!("/auth/me?access_token={text}")).await,
        server.bearer(&format!("{text}x")).get("/auth/me").await,
        root.post("/auth/api-tokens", json!({ "name": text })).await,
        root.post("/auth/api-tokens", json!({ "name": "x", "permissions": [text] })).await,
        root.post("/auth/api-tokens", json!({ "name": "x", text: 1 })).await,
        root.post("/users", json!({ "username": text, "email": text, "roles": [text] })).await,
        server.anonymous().post("/auth/sessions", json!({ "login": text, "password": text })).await,
        root.get(&format!("//{text}")).await,
    ];
    let mut odd = report("odd");
    odd["kernel"] = json!(format!("6.1 {text}"));
    replies.push(root.post("/hosts/report", odd).await);
    let request = root.request(Method::POST, "/auth/api-tokens").header(header::CONTENT_TYPE, "application/json");
    replies.push(root.send(request, Body::from(format!("{{{text}"))).await);
    for reply in replies {
        assert!(!reply.text.contains(secret), "an answer repeats a token: {}", reply.text);
        assert!(!format!("{:?}", reply.headers).contains(secret), "a header repeats a token: {:?}", reply.headers);
    }
}

/// Puts a secret where none belongs in what an assistant sends. No answer repeats it.
async fn mistake_it_at_mcp(client: &Client, text: &str) {
    let secret = &text[4..34];
    let mut replies = Vec::new();
    for mcp in ERAS.map(|era| client.mcp(era)) {
        replies.extend([
            mcp.call_reply("get_host", json!({ "host": text })).await,
            mcp.call_reply("list_hosts", json!({ "q": text })).await,
            mcp.call_reply("list_hosts", json!({ "sort": text })).await,
            mcp.call_reply("list_hosts", json!({ text: 1 })).await,
            mcp.call_reply("revoke_api_token", json!({ "token": text })).await,
            mcp.call_reply(text, json!({})).await,
            mcp.send(text, json!({})).await,
            mcp.send("resources/read", json!({ "uri": format!("uptrakit://hosts/{text}") })).await,
            mcp.send("prompts/get", json!({ "name": text })).await,
            mcp.send("prompts/get", json!({ "name": "plan-updates", "arguments": { "wishes": text } })).await,
            client.mcp_post(json!({ "jsonrpc": "2.0", "id": text, "method": "ping" }).to_string()).await,
            client.send(client.mcp_request(Method::POST).header("mcp-protocol-version", text), "{}").await,
        ]);
    }
    for reply in replies {
        assert!(!reply.text.contains(secret), "an answer repeats a token: {}", reply.text);
        assert!(!format!("{:?}", reply.headers).contains(secret), "a header repeats a token: {:?}", reply.headers);
    }
}

/// Returns all rows of all tables as text on Postgres, and all files on SQLite.
async fn everything_stored(server: &TestServer) -> Vec<u8> {
    if let Some(path) = server.url.strip_prefix("sqlite://") {
        return ["", "-wal", "-shm"]
            .iter()
            .flat_map(|suffix| std::fs::read(format!("{path}{suffix}")).unwrap())
            .collect();
    }
    let mut reader = server.app.store.read().await.unwrap();
    let Conn::Postgres(conn) = reader.conn() else { panic!("this is Postgres") };
    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    assert!(tables.len() > 8, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        let statement = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(statement).fetch_all(&mut *conn).await.unwrap();
        all.push_str(&rows.join("\n"));
    }
    all.into_bytes()
}

/// Returns the random characters of a secret, as they are and as Postgres writes bytes.
fn traces(text: &str) -> [Vec<u8>; 2] {
    let secret = &text[4..34];
    let hexadecimal: Vec<u8> = secret.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    [secret.as_bytes().to_vec(), hexadecimal]
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

on_both!(after_everything_no_text_is_stored);

async fn after_everything_no_text_is_stored(server: TestServer) {
    let root = server.with_root().await;
    let mut texts = live_through_everything(&server, &root).await;
    texts.extend(live_through_oauth(&server, &root).await);
    let stored = everything_stored(&server).await;
    let trail = root.get("/audit/export").await;
    assert!(trail.text.lines().count() > 10, "something was done");
    assert!(contains(&stored, b"token.refused") && contains(&stored, b"uno"), "this is where things are stored");
    for text in texts {
        for trace in traces(&text) {
            assert!(!contains(&stored, &trace), "a token is in the database");
            assert!(!contains(trail.text.as_bytes(), &trace), "a token is on the trail");
        }
    }
}

#[test]
fn the_log_at_its_most_talkative_metrics_and_a_backup_have_no_text() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let metrics = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let process = start_with(directory.path(), None, &[("UPTRAKIT_METRICS_LISTEN", &metrics.to_string())]);
    let token = process.first_token();
    let rotated = process.with_token("POST", "/auth/api-tokens", &token, "{\"name\":\"second\"}").unwrap().1;
    let second = rotated["token"].as_str().unwrap().to_owned();
    for text in [&token, &second] {
        process.with_token("GET", &format!("/hosts/{text}"), text, "").unwrap();
        process.with_token("DELETE", &format!("/auth/api-tokens/{text}"), text, "").unwrap();
        process.with_token("GET", &format!("/hosts?access_token={text}"), text, "").unwrap();
        process.with_token("POST", "/auth/api-tokens", text, &format!("{{\"name\":\"{text}\"")).unwrap();
        process
            .ask(
                "GET",
                &format!("/hosts?q={text}"),
                &format!("referer: /{text}\r\nauthorization: Basic {text}\r\n"),
                "",
            )
            .unwrap();
    }
    let id = rotated["id"].as_str().unwrap();
    assert_eq!(process.with_token("DELETE", &format!("/auth/api-tokens/{id}"), &token, "").unwrap().0, 204);
    assert_eq!(process.with_token("GET", "/auth/me", &second, "").unwrap().0, 401);
    let measured = process.measured(metrics);
    assert!(measured.contains("uptrakit_request_seconds"), "{measured}");
    let copy = directory.path().join("copy.db");
    assert!(program(directory.path(), None).arg("backup").arg(&copy).output().unwrap().status.success());
    process.signal("TERM");
    drop(process);
    let mut searched = vec![("the metrics".to_owned(), measured.into_bytes())];
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        searched.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    assert!(searched.iter().any(|(name, bytes)| name.ends_with("log") && contains(bytes, b"/api/v1/auth/api-tokens/")));
    for (name, bytes) in searched {
        for secret in [&token.as_bytes()[4..34], &second.as_bytes()[4..34], PASSWORD.as_bytes()] {
            assert!(!contains(&bytes, secret), "a secret is in {name}");
        }
    }
}
