//! Contract, section 3, R6, and section 7: what survives, and what is refused at start.

use std::time::{Duration, Instant};

use serde_json::json;
use uptrakit_api::Timestamp;
use uptrakit_store::{OpenError, Store};

use crate::support::{TestServer, new_postgres_database, on_both, report};

on_both!(
    a_migration_that_fails_leaves_the_data_as_it_was_and_says_what_to_do,
    nothing_but_a_start_brings_a_database_up_to_date,
    an_older_program_refuses_a_newer_database
);

async fn a_migration_that_fails_leaves_the_data_as_it_was_and_says_what_to_do(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    // The first migration runs again: it creates its first table, and fails at the next one, which exists already.
    server.sql("ALTER TABLE _sqlx_migrations RENAME TO kept_migrations").await;
    server.sql("ALTER TABLE accounts RENAME TO kept_accounts").await;
    let refused = Store::open(&server.url, 2).await.unwrap_err();
    assert!(matches!(refused, OpenError::Migration(_)), "{refused}");
    let sentence = refused.to_string();
    for part in ["left as it was", "restore a backup or mend the cause", "start again"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    // If the half that succeeded had been kept, the name would be taken.
    server.sql("ALTER TABLE kept_accounts RENAME TO accounts").await;
    server.sql("ALTER TABLE kept_migrations RENAME TO _sqlx_migrations").await;
    let again = server.another().await;
    again.bearer(&text).get("/auth/me").await.ok(200);
}

async fn nothing_but_a_start_brings_a_database_up_to_date(server: TestServer) {
    Store::open_existing(&server.url, 2).await.unwrap();
    server.sql("DELETE FROM _sqlx_migrations WHERE version > 1").await;
    let refused = Store::open_existing(&server.url, 2).await.unwrap_err();
    assert!(matches!(refused, OpenError::Older), "{refused}");
    server.sql("DROP TABLE _sqlx_migrations").await;
    let refused = Store::open_existing(&server.url, 2).await.unwrap_err();
    assert!(matches!(refused, OpenError::Empty), "{refused}");
    Store::open_to_copy(&server.url).await.unwrap();
}

async fn an_older_program_refuses_a_newer_database(server: TestServer) {
    let mut tx = server.app.store.begin().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, $1, 0)";
    match tx.conn() {
        uptrakit_store::Conn::Sqlite(c) => {
            sqlx::query(newer).bind(b"x".as_slice()).execute(c).await.unwrap();
        }
        uptrakit_store::Conn::Postgres(c) => {
            sqlx::query(newer).bind(b"x".as_slice()).execute(c).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    let refused = Store::open(&server.url, 2).await.unwrap_err();
    assert!(matches!(refused, OpenError::Newer(9999)), "{refused}");
}

/// Opens a database with several servers at once, and checks that all of them can write to it.
async fn start_at_once(url: &str) {
    let open = || {
        let url = url.to_owned();
        tokio::spawn(async move { Store::open(&url, 2).await?.probe(Timestamp(1)).await.map_err(OpenError::from) })
    };
    for started in [open(), open(), open(), open()] {
        started.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_servers_may_start_at_once_on_an_empty_sqlite_file() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..20 {
        start_at_once(&format!("sqlite://{}/{round}.db", directory.path().display())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_servers_may_start_at_once_on_an_empty_postgres_database() {
    if let Some(url) = new_postgres_database().await {
        start_at_once(&url).await;
    }
}

/// Under another isolation level a write would check its token against what was true before it waited for a revoke.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_transactions_see_what_was_committed_whatever_its_default_is() {
    let Some(server) = TestServer::postgres().await else { return };
    server
        .sql(&format!("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'", server.database()))
        .await;
    let store = Store::open(&server.url, 2).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let uptrakit_store::Conn::Postgres(c) = tx.conn() else { panic!("this is Postgres") };
    let mut shown = async |name| sqlx::query_scalar::<_, String>(name).fetch_one(&mut *c).await.unwrap();
    assert_eq!(shown("SHOW default_transaction_isolation").await, "read committed");
    assert_eq!(shown("SHOW transaction_isolation").await, "read committed");
}

/// Returns the value that a setting has in a session of a new server.
pub async fn setting(url: &str, name: &str) -> String {
    let store = Store::open(url, 2).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let uptrakit_store::Conn::Postgres(c) = tx.conn() else { panic!("this is Postgres") };
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(c).await.unwrap()
}

/// Without synchronous commits an acknowledged revoke could be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_commits_are_synchronous_whatever_the_database_and_the_role_say() {
    let Some(server) = TestServer::postgres().await else { return };
    let database = server.database();
    for (said, kept) in [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply", "remote_apply")] {
        server.sql(&format!("ALTER DATABASE {database} SET synchronous_commit = {said}")).await;
        assert_eq!(setting(&server.url, "synchronous_commit").await, kept, "of the database: {said}");
        server.sql(&format!("ALTER DATABASE {database} RESET synchronous_commit")).await;
        server.sql(&format!("ALTER ROLE CURRENT_USER IN DATABASE {database} SET synchronous_commit = {said}")).await;
        assert_eq!(setting(&server.url, "synchronous_commit").await, kept, "of the role: {said}");
        server.sql(&format!("ALTER ROLE CURRENT_USER IN DATABASE {database} RESET synchronous_commit")).await;
    }
    for (name, limit) in
        [("statement_timeout", "5s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "3s")]
    {
        server.sql(&format!("ALTER DATABASE {database} SET {name} = 0")).await;
        assert_eq!(setting(&server.url, name).await, limit);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_that_listens_is_refused_by_a_replica_as_the_others_are() {
    let Some(server) = TestServer::postgres().await else { return };
    server.app.store.listen().await.unwrap();
    let database = server.database();
    server.sql(&format!("ALTER DATABASE {database} SET default_transaction_read_only = on")).await;
    assert!(server.app.store.listen().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_writes_through_to_the_disk() {
    let server = TestServer::sqlite().await;
    let mut tx = server.app.store.begin().await.unwrap();
    let uptrakit_store::Conn::Sqlite(c) = tx.conn() else { panic!("this is SQLite") };
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *c).await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *c).await.unwrap();
    assert_eq!((synchronous, journal.as_str()), (2, "wal"), "2 is FULL");
}

/// The checkpoint runs beside the commits, and no commit has to wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlites_log_is_folded_into_the_file_in_the_background() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    root.post("/hosts/report", report("a machine to look for")).await.ok(201);
    let (_, path) = server.url.split_once("://").unwrap();
    let is_folded = || std::fs::read(path).unwrap().windows(21).any(|bytes| bytes == b"a machine to look for");
    let began = Instant::now();
    while !is_folded() {
        assert!(began.elapsed() < Duration::from_secs(30), "the log only grows");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_in_use_can_be_served_as_it_is() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy.db");
    server.app.store.backup(&file).await.unwrap();
    let copy = Store::open(&format!("sqlite://{}", file.display()), 2).await.unwrap();
    assert_eq!(copy.check().await.unwrap(), Ok(()));
    let digest = uptrakit_core::auth::digest::Digest::of(&text);
    let mut reader = copy.read().await.unwrap();
    let found = uptrakit_store::credentials::list_tokens(reader.conn(), &[digest]).await.unwrap();
    assert_eq!(found.len(), 1);
}
