//! Contract, section 3, R8: the history of the database that survives decides, whatever its numbers are. A server
//! forgets what another history or another file said before, and acknowledges nothing in a file that no start will
//! find.

use serde_json::json;
use uptrakit_api::Timestamp;
use uptrakit_store::Conn;

use crate::support::{
    TestServer,
    oauth::{connect, connect_again, use_at_mcp},
    on_both,
};

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

on_both!(a_credential_from_after_a_backup_ends_with_the_restore);

async fn a_credential_from_after_a_backup_ends_with_the_restore(server: TestServer) {
    let root = server.with_root().await;
    let (_, kept) = root.new_token(json!({ "name": "kept" })).await;
    let before = connect(&server, &root, &["hosts:read"]).await;
    server.sql("CREATE TABLE backup_epoch AS SELECT epoch, nonce FROM auth_epoch").await;
    let restore = async |created: &[&str]| {
        server.sql("DELETE FROM auth_epoch_moves WHERE epoch > (SELECT epoch FROM backup_epoch)").await;
        for statement in created {
            server.sql(statement).await;
        }
        server.sql("UPDATE auth_epoch SET epoch = (SELECT epoch FROM backup_epoch), nonce = (SELECT nonce FROM backup_epoch)").await;
    };

    let (_, token) = root.new_token(json!({ "name": "after" })).await;
    server.bearer(&token).get("/auth/me").await.ok(200);
    restore(&[
        "DELETE FROM token_secrets WHERE token_id IN (SELECT id FROM api_tokens WHERE name = 'after')",
        "DELETE FROM api_tokens WHERE name = 'after'",
    ])
    .await;
    server.bearer(&token).get("/auth/me").await.refused(401, "invalid-token");
    server.bearer(&kept).get("/auth/me").await.ok(200);

    server.advance(1_000);
    let session = server.sign_in("root").await;
    session.get("/auth/me").await.ok(200);
    restore(&["DELETE FROM sessions WHERE created_at = (SELECT max(created_at) FROM sessions)"]).await;
    session.get("/auth/me").await.refused(401, "missing-credentials");

    server.advance(1_000);
    let after = connect_again(&server, &root, &before.client_id, &["hosts:read"]).await;
    assert_eq!(use_at_mcp(&server, &after.access).await.status, 200);
    restore(&["DELETE FROM oauth_access_tokens WHERE created_at = (SELECT max(created_at) FROM oauth_access_tokens)"])
        .await;
    use_at_mcp(&server, &after.access).await.refused(401, "invalid-token");
    server.bearer(&kept).get("/auth/me").await.ok(200);
}

/// Returns why the server is not ready.
async fn why_not_ready(server: &TestServer) -> String {
    for path in ["//readyz", "//readyz/reads"] {
        server.anonymous().get(path).await.refused(503, "unavailable");
    }
    server.app.probe_database().await.unwrap_err().to_string()
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

/// A copy in place keeps the inode of the file, as `cp` does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_file_that_was_overwritten_judges_no_token_and_what_was_copied_there_stays_as_it_is() {
    for all_is_copied_into_the_file in [false, true] {
        let server = TestServer::sqlite().await;
        let root = server.with_root().await;
        let (id, token) = root.new_token(json!({ "name": "ci" })).await;
        let client = server.bearer(&token);
        client.get("/auth/me").await.ok(200);
        let file = file_of(&server);
        let copy = file.with_extension("copy");
        server.app.store.backup(&copy).await.unwrap();
        root.post("/auth/api-tokens", json!({ "name": "other" })).await.ok(201);
        if all_is_copied_into_the_file {
            server.app.store.checkpoint().await.unwrap();
        }
        client.get("/auth/me").await.ok(200);
        // The clock of a file system ticks every few milliseconds, and the checkpoint has just written.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        std::fs::copy(&copy, &file).unwrap();
        client.get("/auth/me").await.refused(503, "unavailable");
        root.delete(&format!("/auth/api-tokens/{id}")).await.refused(503, "unavailable");
        let why = why_not_ready(&server).await;
        assert!(why.contains("another program has written into the database file"), "{why}");
        assert!(why.contains(file.to_str().unwrap()) && why.contains("stop the server"), "{why}");
        assert!(server.app.store.checkpoint().await.is_err());
        assert!(server.app.store.backup(&file.with_extension("second")).await.is_err());
        let _ = server.app.close().await;
        assert!(std::fs::read(&copy).unwrap() == std::fs::read(&file).unwrap(), "the log was written over the copy");
        // The process keeps the file open, so that another server can use it in another process alone, or a copy.
        let elsewhere = file.with_extension("elsewhere");
        std::fs::copy(&file, &elsewhere).unwrap();
        let restored = TestServer::on(format!("sqlite://{}", elsewhere.display())).await;
        restored.bearer(&token).get("/auth/me").await.ok(200);
        assert_eq!(restored.sign_in("root").await.get("/auth/api-tokens").await.ok(200)["total"], 1);
        restored.app.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_file_that_was_written_into_is_not_ready() {
    use std::os::unix::fs::FileExt as _;
    let server = TestServer::sqlite().await;
    server.anonymous().get("//readyz").await;
    // The file stays open: the locks of SQLite, which is in this process, end when a descriptor is closed.
    let file = std::fs::File::options().write(true).open(file_of(&server)).unwrap();
    file.write_all_at(b"no page of a database", 3 * 4096).unwrap();
    let why = why_not_ready(&server).await;
    assert!(why.contains("another program has written into the database file"), "{why}");
}

/// Checkpoints write into the file as well, whichever process runs them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn checkpoints_are_not_taken_for_writes_of_another_program() {
    let server = TestServer::sqlite().await;
    let other = server.another().await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(3);
    let mut running = tokio::task::JoinSet::new();
    for store in [&server.app.store, &other.app.store] {
        for task in 0..3 {
            let store = store.clone();
            running.spawn(async move {
                let mut done = 0;
                while std::time::Instant::now() < until {
                    match task {
                        0 => store.require_in_place().unwrap(),
                        1 => store.probe(Timestamp(done)).await.unwrap(),
                        _ => store.checkpoint().await.unwrap(),
                    }
                    done += 1;
                    tokio::task::yield_now().await;
                }
                done
            });
        }
    }
    assert!(running.join_all().await.into_iter().all(|done| done > 10));
    for server in [server, other] {
        assert_eq!(server.anonymous().get("//readyz").await.status, 200);
    }
}
