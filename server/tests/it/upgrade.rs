//! Databases of former versions are brought up to date with all that is in them. `tests/dumps` has one of each schema
//! that is kept; its README says how they are made.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use uptrakit_store::{OpenError, Store};

use crate::support::{TestServer, new_postgres_database};

/// The secrets of the tokens in the dumps, which are the examples of the guide.
const TOKEN: &str = "upk_abcdefghijklmnopqrstuvwxyzABCD1L66RN";
const REVOKED: &str = "upk_0000000000000000000000000000003aIdS3";

fn names(folder: &str) -> BTreeSet<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| name[..4].to_owned()).collect()
}

fn dump(engine: &str, version: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/dumps/{engine}/{version}.sql"));
    fs::read_to_string(file).unwrap()
}

/// A database of a former version. A SQLite file is in a folder that is removed with it.
struct Former {
    url: String,
    _directory: tempfile::TempDir,
}

impl Former {
    async fn new(engine: &str, version: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let url = if engine == "sqlite" {
            format!("sqlite://{}", directory.path().join("uptrakit.db").display())
        } else {
            new_postgres_database().await?
        };
        let former = Self { url, _directory: directory };
        former.run(&dump(engine, version)).await;
        Some(former)
    }

    async fn run(&self, statements: &str) {
        let statements = AssertSqlSafe(statements.to_owned());
        if let Some(file) = self.url.strip_prefix("sqlite://") {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
            let mut conn = options.connect().await.unwrap();
            sqlx::raw_sql(statements).execute(&mut conn).await.unwrap();
            conn.close().await.unwrap();
        } else {
            let mut conn = PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(statements).execute(&mut conn).await.unwrap();
            conn.close().await.unwrap();
        }
    }
}

impl Former {
    async fn newest_migration(&self) -> i64 {
        const SQL: &str = "SELECT MAX(version) FROM _sqlx_migrations";
        if let Some(file) = self.url.strip_prefix("sqlite://") {
            let mut conn = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap();
            sqlx::query_scalar(SQL).fetch_one(&mut conn).await.unwrap()
        } else {
            let mut conn = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(SQL).fetch_one(&mut conn).await.unwrap()
        }
    }
}

/// Checks that a server on the database has all that is in the dumps.
async fn has_all(url: &str) {
    let server = TestServer::on(url.to_owned()).await;
    let client = server.bearer(TOKEN);
    let me = client.get("/auth/me").await.ok(200);
    assert_eq!((&me["username"], &me["roles"]), (&json!("root"), &json!(["administrator"])));
    server.bearer(REVOKED).get("/auth/me").await.refused(401, "token-revoked");
    let tokens = client.get("/auth/api-tokens?state=all&sort=name").await.ok(200);
    assert_eq!((&tokens["items"][0]["name"], &tokens["items"][1]["name"]), (&json!("ci"), &json!("leaked")));
    let leaked = &tokens["items"][1];
    let limits = (&leaked["permissions"], &leaked["allowed_networks"]);
    assert_eq!(limits, (&json!(["hosts:read", "hosts:report"]), &json!(["10.0.0.0/8"])));
    let hosts = client.get("/hosts").await.ok(200);
    assert_eq!((&hosts["items"][0]["friendly_name"], &hosts["total"]), (&json!("attic"), &json!(1)));
    let users = client.get("/users").await.ok(200);
    assert_eq!((&users["total"], &users["items"][0]["username"]), (&json!(2), &json!("ada")));
    let audit = client.get("/audit?action=token.revoke").await.ok(200);
    assert_eq!((&audit["total"], &audit["items"][0]["address"]), (&json!(1), &json!("10.0.3.7")));
    // The password is the one of the tests, and what is new works.
    let root = server.sign_in("root").await;
    let (id, token) = root.new_token(json!({ "name": "new" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    server.bearer(&token).get("/auth/me").await.refused(401, "token-revoked");
    server.app.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kept_schema_is_brought_up_to_date_with_its_data() {
    for engine in ["sqlite", "postgres"] {
        for version in names(&format!("tests/dumps/{engine}")) {
            let Some(former) = Former::new(engine, &version).await else { continue };
            let refused = Store::open_existing(&former.url, 2).await.unwrap_err();
            assert!(matches!(refused, OpenError::Older), "{engine} {version}: {refused}");
            has_all(&former.url).await;
        }
    }
}

#[test]
fn the_first_schema_and_the_one_before_the_newest_are_kept() {
    let kept = names("tests/dumps/sqlite");
    assert_eq!(kept, names("tests/dumps/postgres"));
    let mut migrations = names("../migrations/sqlite");
    assert_eq!(kept.first(), migrations.first());
    migrations.pop_last();
    assert_eq!(kept.last(), migrations.last(), "tests/dumps/README.md says how to keep another one");
}

/// A migration fails in its midst, after others have been run: the program of the former version finds its database as
/// it was.
async fn fails_midway(engine: &str) {
    let Some(former) = Former::new(engine, "0011").await else { return };
    // Migration 13 makes several tables before this one.
    former.run("CREATE TABLE oauth_grants (a_table_of_another_program INTEGER)").await;
    for _ in 0..2 {
        let sentence = Store::open(&former.url, 2).await.unwrap_err().to_string();
        for part in ["left as it was", "migration 13", "oauth_grants", "mend the cause, then start again"] {
            assert!(sentence.contains(part), "{engine}: {part} is missing: {sentence}");
        }
    }
    // These are tables of the former schema, and the one that the first of the migrations makes is not there.
    former.run("UPDATE power_epoch SET epoch = epoch; UPDATE token_texts SET hint = hint").await;
    former.run("CREATE TABLE auth_epoch (id INTEGER); DROP TABLE auth_epoch").await;
    former.run("CREATE TABLE oauth_applications (id INTEGER); DROP TABLE oauth_applications").await;
    assert_eq!(former.newest_migration().await, 11, "the former version would refuse the database");
    former.run("DROP TABLE oauth_grants").await;
    has_all(&former.url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_fails_midway_leaves_the_database_to_the_former_version_on_sqlite() {
    fails_midway("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_fails_midway_leaves_the_database_to_the_former_version_on_postgres() {
    fails_midway("postgres").await;
}
