//! Tests the checks for load balancers: `/readyz/reads` says that credentials can be checked, `/readyz` that everything
//! works.

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use serde_json::json;
use uptrakit_api::{AccountId, Timestamp};
use uptrakit_store::{Conn, Transaction, epoch};

use crate::support::{Client, TestServer, on_both};

/// A server notices within this time when the database becomes able or unable to do something.
const NOTICED: Duration = Duration::from_secs(15);

/// Makes every write of the epoch wait, in all processes, until the transaction is dropped.
async fn hold_writes(server: &TestServer) -> Transaction {
    let mut tx = server.app.store.begin().await.unwrap();
    if let Conn::Postgres(conn) = tx.conn() {
        sqlx::query("SET LOCAL idle_in_transaction_session_timeout = 0").execute(conn).await.unwrap();
    }
    epoch::bump_epoch(&mut tx, AccountId::NIL, Timestamp(1)).await.unwrap();
    tx
}

async fn comes_to(client: &Client, path: &str, status: u16) {
    let began = Instant::now();
    loop {
        let reply = client.get(path).await;
        if reply.status == status {
            return;
        }
        assert!(began.elapsed() < NOTICED, "{path} is still {}: {}", reply.status, reply.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

on_both!(
    a_database_that_takes_no_writes_is_ready_for_reads_alone,
    what_the_check_of_a_token_can_not_read_is_not_ready_for_reads,
    a_table_that_has_lost_its_only_row_is_not_ready_and_named_with_the_cure,
    reads_are_believed_for_a_time_without_writes_that_can_be_set
);

async fn a_database_that_takes_no_writes_is_ready_for_reads_alone(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let (client, anonymous) = (server.bearer(&token), server.anonymous());
    for path in ["//readyz", "//readyz/reads"] {
        assert_eq!(anonymous.get(path).await.status, 200, "{path}");
    }
    let held = hold_writes(&server).await;
    anonymous.get("//readyz").await.refused(503, "unavailable");
    assert_eq!(anonymous.get("//readyz/reads").await.status, 200);
    client.get("/auth/me").await.ok(200);
    drop(held);
    comes_to(&anonymous, "//readyz", 200).await;
}

async fn what_the_check_of_a_token_can_not_read_is_not_ready_for_reads(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let anonymous = server.anonymous();
    // Such an error occurs when a permission was taken away, or when a page of the database is damaged.
    for table in ["auth_epoch", "api_tokens", "sessions", "accounts"] {
        server.sql(&format!("ALTER TABLE {table} RENAME TO elsewhere")).await;
        for path in ["//readyz", "//readyz/reads"] {
            anonymous.get(path).await.refused(503, "unavailable");
        }
        server.sql(&format!("ALTER TABLE elsewhere RENAME TO {table}")).await;
        comes_to(&anonymous, "//readyz", 200).await;
        server.bearer(&token).get("/auth/me").await.ok(200);
    }
}

async fn a_table_that_has_lost_its_only_row_is_not_ready_and_named_with_the_cure(server: TestServer) {
    let anonymous = server.anonymous();
    for table in ["auth_epoch", "host_revision", "readiness"] {
        comes_to(&anonymous, "//readyz", 200).await;
        server.sql(&format!("CREATE TABLE kept AS SELECT * FROM {table}")).await;
        server.sql(&format!("DELETE FROM {table}")).await;
        anonymous.get("//readyz").await.refused(503, "unavailable");
        let why = server.app.probe_writes().await.unwrap_err();
        assert!(why.contains(&format!("missing in the table {table}; restore a backup")), "{why}");
        if table == "auth_epoch" {
            let mut tx = server.app.store.begin().await.unwrap();
            let why = epoch::probe(&mut tx).await.unwrap_err();
            assert!(why.is_outage() && why.to_string().contains("the epoch; restore a backup"), "{why}");
        }
        server.sql(&format!("INSERT INTO {table} SELECT * FROM kept")).await;
        server.sql("DROP TABLE kept").await;
    }
    comes_to(&anonymous, "//readyz", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_or_right_that_some_request_needs_is_missed_by_readiness() {
    let Some(server) = TestServer::postgres().await else { return };
    let anonymous = server.anonymous();
    comes_to(&anonymous, "//readyz", 200).await;
    server.sql("ALTER TABLE hosts RENAME TO elsewhere").await;
    anonymous.get("//readyz").await.refused(503, "unavailable");
    assert_eq!(anonymous.get("//readyz/reads").await.status, 200);
    assert!(server.app.probe_database().await.is_err_and(|why| why.contains("hosts")));
    server.sql("ALTER TABLE elsewhere RENAME TO hosts").await;
    comes_to(&anonymous, "//readyz", 200).await;
}

/// A right that is missing is answered alike by the check of a credential, by reads and by writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_was_taken_away_is_an_outage_wherever_it_is_missed() {
    let Some(server) = TestServer::postgres().await else { return };
    server.with_root().await;
    let (url, role) = server.new_role().await;
    server.sql(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")).await;
    let served = server.another_at(url).await;
    let session = served.sign_in("root").await;
    let (id, token) = session.new_token(json!({ "name": "ci" })).await;
    let token = served.bearer(&token);
    let path = format!("/auth/api-tokens/{id}");
    for (right, table) in [("SELECT", "token_secrets"), ("UPDATE", "api_tokens"), ("SELECT", "hosts")] {
        server.sql(&format!("REVOKE {right} ON {table} FROM {role}")).await;
        let refused = match table {
            "token_secrets" => vec![served.bearer(&new_secret()).get("/auth/me").await, session.get(&path).await],
            "api_tokens" => vec![session.delete(&path).await, token.delete(&path).await],
            _ => vec![session.get("/hosts").await, token.get("/hosts").await],
        };
        for reply in refused {
            reply.refused(503, "unavailable");
        }
        server.sql(&format!("GRANT {right} ON {table} TO {role}")).await;
    }
    session.delete(&path).await.ok(204);
}

/// Returns a secret that no token has.
fn new_secret() -> String {
    uptrakit_api::TokenSecret::mint(uptrakit_core::clock::fill_random).expose().to_owned()
}

async fn reads_are_believed_for_a_time_without_writes_that_can_be_set(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let strict = server.another_with_read_grace(Duration::from_secs(2)).await;
    let (client, anonymous) = (strict.bearer(&token), strict.anonymous());
    client.get("/auth/me").await.ok(200);
    let mut stream = client.open("/hosts/events").await.into_body();
    let held = hold_writes(&server).await;
    comes_to(&client, "/auth/me", 503).await;
    anonymous.get("//readyz/reads").await.refused(503, "unavailable");
    let end = async { while stream.frame().await.is_some_and(|frame| frame.is_ok()) {} };
    assert!(tokio::time::timeout(NOTICED, end).await.is_ok(), "a stream goes on");
    server.bearer(&token).get("/auth/me").await.ok(200);
    drop(held);
    comes_to(&anonymous, "//readyz/reads", 200).await;
    comes_to(&client, "/auth/me", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_sqlite_file_is_not_ready_and_what_is_whole_is_answered() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    let page: i64 = {
        let mut reader = server.app.store.read().await.unwrap();
        let Conn::Sqlite(conn) = reader.conn() else { panic!("this is SQLite") };
        let query = "SELECT rootpage FROM sqlite_schema WHERE name = 'audit_events'";
        sqlx::query_scalar(query).fetch_one(conn).await.unwrap()
    };
    server.app.close().await.unwrap();
    let path = server.url.strip_prefix("sqlite://").unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let offset = usize::try_from(page - 1).unwrap() * 4096;
    bytes[offset..offset + 4096].fill(0x55);
    std::fs::write(path, bytes).unwrap();

    let damaged = TestServer::on(server.url.clone()).await;
    let client = damaged.bearer(&token);
    client.get("/audit").await.refused(503, "unavailable");
    comes_to(&damaged.anonymous(), "//readyz", 503).await;
    let why = damaged.app.probe_database().await.unwrap_err();
    assert!(why.contains("is damaged") && why.contains("restore a backup"), "{why}");
    client.get("/auth/me").await.ok(200);
    assert_eq!(damaged.anonymous().get("//readyz/reads").await.status, 200);
}
