//! Contract, section 3, R5, on SQLite: what a server does when its file can't be written, because the disk is full, the
//! file is read only, or another program holds a lock on it. Reads go on, because they return the latest state.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::{
    process::{Process, add_root, start_with_limited_files},
    support::{PASSWORD, Reply, TestServer, report},
};

/// No answer takes longer than this: a writer waits in the queue, then for the lock of the file.
const LONGEST: Duration = Duration::from_secs(12);

async fn unavailable(answer: impl Future<Output = Reply>) {
    let reply = tokio::time::timeout(LONGEST, answer).await.expect("an answer comes in time");
    reply.refused(503, "unavailable");
    assert!(!reply.header("retry-after").is_empty());
}

/// Checks that every write is refused, and that requests that only read are answered.
async fn reads_but_does_not_write(server: &TestServer, token: &str, id: &str) {
    let client = server.bearer(token);
    let anonymous = server.anonymous();
    let path = format!("/auth/api-tokens/{id}");
    let login = json!({ "login": "root", "password": PASSWORD });
    tokio::join!(
        unavailable(client.delete(&path)),
        unavailable(client.delete("/auth/api-tokens/current")),
        unavailable(client.post("/hosts/report", report("m"))),
        unavailable(anonymous.post("/auth/sessions", login)),
        unavailable(anonymous.get("//readyz")),
        async {
            client.get("/auth/me").await.ok(200);
            client.get("/hosts").await.ok(200);
            assert_eq!(anonymous.get("//healthz").await.status, 200);
        },
    );
    client.get("/auth/me").await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_program_holds_can_be_read_and_a_revoke_is_not_acknowledged() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let (id, other) = root.new_token(json!({ "name": "other" })).await;
    let mut holder = SqliteConnection::connect(&server.url).await.unwrap();
    holder.execute("BEGIN EXCLUSIVE").await.unwrap();
    reads_but_does_not_write(&server, &token, &id).await;
    server.bearer(&other).get("/auth/me").await.ok(200);
    holder.execute("ROLLBACK").await.unwrap();
    comes_back(&server, &token, &id, &other).await;
}

/// A writer gets the lock of the file when it is released in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_waits_for_a_file_that_is_held_for_a_moment() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let (id, other) = root.new_token(json!({ "name": "other" })).await;
    let mut holder = SqliteConnection::connect(&server.url).await.unwrap();
    holder.execute("BEGIN EXCLUSIVE").await.unwrap();
    let path = format!("/auth/api-tokens/{id}");
    tokio::join!(async { root.delete(&path).await.ok(204) }, async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        holder.execute("ROLLBACK").await.unwrap();
    },);
    server.bearer(&other).get("/auth/me").await.refused(401, "token-revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_read_only_can_be_read_and_a_revoke_is_not_acknowledged() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let (id, other) = root.new_token(json!({ "name": "other" })).await;
    let reading = server.another_reading_only().await;
    reads_but_does_not_write(&reading, &token, &id).await;
    comes_back(&server, &token, &id, &other).await;
    reading.bearer(&other).get("/auth/me").await.refused(401, "token-revoked");
}

async fn comes_back(server: &TestServer, token: &str, id: &str, other: &str) {
    let client = server.bearer(token);
    let began = Instant::now();
    while server.anonymous().get("//readyz").await.status != 200 {
        assert!(began.elapsed() < LONGEST, "it does not become ready again");
    }
    client.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    server.bearer(other).get("/auth/me").await.refused(401, "token-revoked");
    client.post("/hosts/report", report("m")).await.ok(201);
}

/// Limits the size of the files that the program writes to `limit`, as on a full disk; `unlimited` removes the limit.
/// Returns false where the system has no means for it.
fn limit_files(process: &Process, limit: &str) -> bool {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &process.child.id().to_string(), &format!("--fsize={limit}:unlimited")]);
    command.status().is_ok_and(|status| status.success())
}

fn status_of(process: &Process, method: &str, path: &str, token: &str, body: &str) -> u16 {
    let authorization = format!("authorization: Bearer {token}\r\n");
    let (status, head, text) = process.ask(method, path, &authorization, body).unwrap();
    if status == 503 {
        assert!(head.contains("retry-after: ") && text.contains("\"unavailable\""), "{head}{text}");
    }
    status
}

/// This test runs the real program, whose log is on the full disk as well.
#[test]
fn a_full_disk_fails_closed_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let process = start_with_limited_files(directory.path());
    let token = process.first_token();
    let ask = |method: &str, path: &str, body: &str| status_of(&process, method, path, &token, body);
    let (_, made) = process.with_token("POST", "/auth/api-tokens", &token, "{\"name\":\"other\"}").unwrap();
    let (id, other) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let path = format!("/auth/api-tokens/{id}");
    assert_eq!(status_of(&process, "GET", "/auth/me", other, ""), 200);

    let log = std::fs::metadata(directory.path().join("uptrakit.db-wal")).unwrap().len();
    if !limit_files(&process, &log.to_string()) {
        eprintln!("left out: there is no prlimit here to make the disk look full");
        return;
    }
    for _ in 0..3 {
        assert_eq!(ask("DELETE", &path, ""), 503, "a revoke that is not on the disk was acknowledged");
        assert_eq!(ask("POST", "/hosts/report", &report("m").to_string()), 503);
        assert_eq!(ask("POST", "/auth/api-tokens", "{\"name\":\"more\"}"), 503);
        assert_eq!(ask("GET", "//readyz", ""), 503);
        assert_eq!(ask("GET", "//healthz", ""), 200);
        assert_eq!(ask("GET", "/auth/me", ""), 200);
        assert_eq!(status_of(&process, "GET", "/auth/me", other, ""), 200, "its revoke was not acknowledged");
    }

    assert!(limit_files(&process, "unlimited"));
    assert_eq!(ask("DELETE", &path, ""), 204);
    assert_eq!(status_of(&process, "GET", "/auth/me", other, ""), 401);
    assert_eq!(ask("POST", "/hosts/report", &report("m").to_string()), 201);
    assert_eq!(ask("GET", "//readyz", ""), 200);
}
