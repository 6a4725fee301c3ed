//! Contract, section 3, R8: the history of the database that survives decides, whatever its numbers are. A server
//! forgets what another history or another file said before, and acknowledges nothing in a file that no start will
//! find.

use serde_json::json;
use uptrakit_store::Conn;

use crate::support::{TestServer, on_both};

/// Returns the SQL expression for a nonce.
async fn nonce(server: &TestServer) -> &'static str {
    let mut reader = server.app.store.read().await.unwrap();
    match reader.conn() {
        Conn::Sqlite(_) => "randomblob(16)",
        Conn::Postgres(_) => "gen_random_uuid()",
    }
}

/// Rewrites the history as a failover does that loses the latest move: another move was made in its place, and the
/// number of the epoch differs by `step` from the known one.
async fn lose_the_latest_move(server: &TestServer, step: i64, nonce: &str, active: bool) {
    server.sql(&format!("UPDATE accounts SET active = {active}")).await;
    // The lost move gets another nonce, and the number of the epoch changes.
    server
        .sql(&format!("UPDATE auth_epoch_moves SET nonce = {nonce} WHERE epoch = (SELECT epoch FROM auth_epoch)"))
        .await;
    server.sql(&format!("UPDATE auth_epoch SET epoch = epoch + {step}")).await;
    // The new move is about an account that does not own the token.
    server
        .sql(&format!(
            "INSERT INTO auth_epoch_moves (epoch, account_id, at, nonce) \
             SELECT e.epoch, c.account_id, c.at, {nonce} FROM auth_epoch e, auth_epoch_moves c WHERE c.at = 0 \
             ON CONFLICT (epoch) DO UPDATE SET nonce = excluded.nonce, account_id = excluded.account_id"
        ))
        .await;
    server
        .sql("UPDATE auth_epoch SET nonce = (SELECT c.nonce FROM auth_epoch_moves c WHERE c.epoch = auth_epoch.epoch)")
        .await;
}

on_both!(a_number_that_another_history_reached_lets_nothing_pass);

async fn a_number_that_another_history_reached_lets_nothing_pass(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let (spare, _) = root.new_token(json!({ "name": "spare" })).await;
    let client = server.bearer(&token);
    root.delete(&format!("/auth/api-tokens/{spare}")).await.ok(204);
    let nonce = nonce(&server).await;
    for step in [0, -1, 1, 0, -1, 1] {
        client.get("/auth/me").await.ok(200);
        lose_the_latest_move(&server, step, nonce, false).await;
        client.get("/auth/me").await.refused(401, "account-disabled");
        lose_the_latest_move(&server, 0, nonce, true).await;
    }
    client.get("/auth/me").await.ok(200);
}

fn file_of(server: &TestServer) -> std::path::PathBuf {
    server.url.strip_prefix("sqlite://").unwrap().into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_file_that_was_removed_judges_no_token_and_takes_no_revoke() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let (id, token) = root.new_token(json!({ "name": "ci" })).await;
    let client = server.bearer(&token);
    client.get("/auth/me").await.ok(200);
    let (file, aside) = (file_of(&server), file_of(&server).with_extension("aside"));
    std::fs::rename(&file, &aside).unwrap();
    client.get("/auth/me").await.refused(503, "unavailable");
    root.delete(&format!("/auth/api-tokens/{id}")).await.refused(503, "unavailable");
    server.anonymous().get("//readyz").await.refused(503, "unavailable");
    std::fs::rename(&aside, &file).unwrap();
    client.get("/auth/me").await.ok(200);
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    client.get("/auth/me").await.refused(401, "token-revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_log_that_was_removed_takes_no_revoke() {
    for suffix in ["wal", "shm"] {
        let server = TestServer::sqlite().await;
        let root = server.with_root().await;
        let (id, token) = root.new_token(json!({ "name": "ci" })).await;
        let client = server.bearer(&token);
        client.get("/auth/me").await.ok(200);
        let file = file_of(&server);
        let log = file.with_file_name(format!("{}-{suffix}", file.file_name().unwrap().to_str().unwrap()));
        let aside = log.with_extension("aside");
        std::fs::rename(&log, &aside).unwrap();
        root.delete(&format!("/auth/api-tokens/{id}")).await.refused(503, "unavailable");
        for path in ["//readyz", "//readyz/reads"] {
            server.anonymous().get(path).await.refused(503, "unavailable");
        }
        std::fs::rename(&aside, &log).unwrap();
        root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
        client.get("/auth/me").await.refused(401, "token-revoked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_file_that_was_replaced_lets_no_token_of_the_old_one_pass() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let client = server.bearer(&token);
    client.get("/auth/me").await.ok(200);
    let file = file_of(&server);
    let copy = file.with_extension("copy");
    server.app.store.backup(&copy).await.unwrap();
    std::fs::rename(&copy, &file).unwrap();
    client.get("/auth/me").await.refused(503, "unavailable");
    root.post("/auth/api-tokens", json!({ "name": "lost" })).await.refused(503, "unavailable");
}
