//! `restore`: a backup that is put back brings no revoked token back to life, whether an export of the audit log says what
//! was revoked since or not; and what must not be put in place is refused.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use uptrakit_api::{AuditEvent, Secret, Timestamp};
use uptrakit_core::{
    domain::{
        accounts,
        restore::{RestoreError, Restored, prepare_from_terminal},
    },
    error::Error,
};
use uptrakit_store::{Store, epoch};

use crate::{
    databases::Said,
    oauth_refresh::renew,
    process::{Process, add_root, program, start},
    support::{
        Client, PASSWORD, START, TestServer,
        cluster::Cluster,
        oauth::{connect, use_at_mcp},
        on_both, report,
    },
};

const DAY: i64 = 86_400_000;
const NOW: Timestamp = Timestamp(START + DAY + 1);

on_both!(
    with_the_audit_log_nothing_that_was_taken_away_since_the_backup_is_back,
    without_the_audit_log_every_token_waits_for_its_confirmation,
    a_second_restore_keeps_on_hold_what_the_first_one_put_on_hold,
    an_export_that_may_lack_a_revoke_is_refused_and_nothing_is_changed,
    a_server_that_knows_the_lost_history_forgets_it
);

async fn export_of(client: &Client, query: &str) -> Vec<AuditEvent> {
    let reply = client.get(&format!("/audit/export{query}")).await;
    assert_eq!(reply.status, 200);
    reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn prepare(url: &str, export: Option<&[AuditEvent]>) -> Result<Restored, RestoreError> {
    let store = Store::open(url, 1).await.unwrap();
    let done = prepare_from_terminal(&store, NOW, export).await;
    store.close().await;
    done
}

async fn id_of(client: &Client) -> String {
    client.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned()
}

async fn signs_in(server: &TestServer, login: &str) -> bool {
    let login = json!({ "login": login, "password": PASSWORD });
    server.anonymous().post("/auth/sessions", login).await.status == 201
}

async fn with_the_audit_log_nothing_that_was_taken_away_since_the_backup_is_back(server: TestServer) {
    let root = server.with_root().await;
    let mut tokens = std::collections::BTreeMap::new();
    for name in ["kept", "revoked", "rotated", "narrowed", "overlap"] {
        tokens.insert(name, root.new_token(json!({ "name": name })).await);
    }
    let overlap = format!("/auth/api-tokens/{}", tokens["overlap"].0);
    root.post(&format!("{overlap}/rotate"), json!({ "overlap_seconds": 604_800 })).await.ok(201);
    for (name, roles) in [("ada", "operator"), ("bob", "operator"), ("eve", "operator"), ("dan", "viewer")] {
        server.add_user(name, roles).await;
        let client = server.sign_in(name).await;
        tokens.insert(name, client.new_token(json!({ "name": name })).await);
    }
    let mut users = std::collections::BTreeMap::new();
    for name in ["ada", "bob", "dan"] {
        users.insert(name, format!("/users/{}", id_of(&server.bearer(&tokens[name].1)).await));
    }
    let invited = json!({ "username": "fay", "email": "fay@example.org", "roles": ["viewer"] });
    let invited = root.post("/users", invited).await.ok(201);
    let code = Secret(invited["invite_url"].as_str().unwrap().split_once("code=").unwrap().1.to_owned());
    let application = connect(&server, &root, &["hosts:read"]).await;
    let copy = server.back_up().await;

    let later = server.another().await;
    later.advance(DAY);
    let root = later.sign_in("root").await;
    let path = |name: &str| format!("/auth/api-tokens/{}", tokens[name].0);
    root.delete(&path("revoked")).await.ok(204);
    root.post(&format!("{}/rotate", path("rotated")), json!({})).await.ok(201);
    root.patch(&path("narrowed"), json!({ "permissions": ["hosts:read"] })).await.ok(200);
    root.delete(&format!("{overlap}/overlap")).await.ok(204);
    root.patch(&users["ada"], json!({ "active": false })).await.ok(200);
    root.patch(&users["bob"], json!({ "roles": ["viewer"] })).await.ok(200);
    for active in [false, true] {
        later.advance(61_000);
        root.patch(&users["dan"], json!({ "active": active })).await.ok(200);
    }
    let change = json!({
        "current_password": PASSWORD, "new_password": "eleven green herons at dawn", "revoke_tokens": true
    });
    later.sign_in("eve").await.put("/auth/password", change).await.ok(204);
    // The application refreshes, of which no event tells.
    let renewed = renew(&later.anonymous(), &application).await;
    let export = export_of(&root, "").await;

    let done = prepare(&copy, Some(&export)).await.unwrap();
    assert_eq!((done.tokens_revoked, done.tokens_on_hold), (3, 1), "{done:?}");
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(done.deactivated, names(&["ada"]));
    assert_eq!(done.viewers, names(&["bob"]));
    assert_eq!(done.without_password, names(&["eve"]));
    assert_eq!(done.replayed.unwrap().1, export.last().unwrap().at);

    let restored = TestServer::on(copy).await;
    let client = |name: &str| restored.bearer(&tokens[name].1);
    for (name, code) in [
        ("revoked", "token-revoked"),
        ("rotated", "token-revoked"),
        ("overlap", "token-revoked"),
        ("eve", "token-revoked"),
        ("narrowed", "token-on-hold"),
        ("ada", "account-disabled"),
    ] {
        client(name).get("/auth/me").await.refused(401, code);
    }
    client("kept").get("/auth/me").await.ok(200);
    client("dan").get("/auth/me").await.ok(200);
    client("bob").get("/hosts").await.ok(200);
    client("bob").post("/hosts/report", report("m")).await.refused(403, "insufficient-permission");
    assert!(!signs_in(&restored, "eve").await && !signs_in(&restored, "ada").await && signs_in(&restored, "bob").await);
    root.clone().at(&restored).get("/auth/me").await.refused(401, "missing-credentials");
    for access in [&application.access, &renewed.access] {
        assert_eq!(use_at_mcp(&restored, access).await.status, 401);
    }
    let invited = accounts::get_invited(&restored.app, &code).await;
    assert!(matches!(invited, Err(Error::NotFound)), "{invited:?}");
    // The audit log goes on where the lost one ended.
    let root = restored.sign_in("root").await;
    let events = export_of(&root, "").await;
    assert!(export.iter().all(|event| events.contains(event)), "the audit log has a gap");
    assert_eq!(root.get("/audit?action=database.restore").await.ok(200)["total"], 1);
}

async fn without_the_audit_log_every_token_waits_for_its_confirmation(server: TestServer) {
    let root = server.with_root().await;
    let (kept_id, kept) = root.new_token(json!({ "name": "kept" })).await;
    let (revoked_id, revoked) = root.new_token(json!({ "name": "revoked" })).await;
    let (before_id, before) = root.new_token(json!({ "name": "revoked before" })).await;
    let (_, expired) = root.new_token(json!({ "name": "short", "expires_in_seconds": 60 })).await;
    root.delete(&format!("/auth/api-tokens/{before_id}")).await.ok(204);
    let application = connect(&server, &root, &["hosts:read"]).await;
    let copy = server.back_up().await;
    let later = server.another().await;
    later.sign_in("root").await.delete(&format!("/auth/api-tokens/{revoked_id}")).await.ok(204);

    let done = prepare(&copy, None).await.unwrap();
    let ended = (done.tokens_on_hold, done.applications_disconnected, done.sessions, done.tokens_revoked);
    assert_eq!(ended, (2, 1, 1, 0), "{done:?}");
    let one = TestServer::on(copy).await;
    let two = one.another().await;
    for server in [&one, &two] {
        for token in [&kept, &revoked, &expired] {
            server.bearer(token).get("/auth/me").await.refused(401, "token-on-hold");
        }
        server.bearer(&before).get("/auth/me").await.refused(401, "token-revoked");
        root.clone().at(server).get("/auth/me").await.refused(401, "missing-credentials");
        assert_eq!(use_at_mcp(server, &application.access).await.status, 401);
    }
    let root = one.sign_in("root").await;
    root.post(&format!("/auth/api-tokens/{kept_id}/confirm"), json!({})).await.ok(200);
    for server in [&one, &two] {
        server.bearer(&kept).get("/auth/me").await.ok(200);
        server.bearer(&revoked).get("/auth/me").await.refused(401, "token-on-hold");
    }
}

async fn a_second_restore_keeps_on_hold_what_the_first_one_put_on_hold(server: TestServer) {
    let root = server.with_root().await;
    let (_, doubtful) = root.new_token(json!({ "name": "doubtful" })).await;
    let (confirmed_id, confirmed) = root.new_token(json!({ "name": "confirmed" })).await;
    let copy = server.back_up().await;
    prepare(&copy, None).await.unwrap();
    let restored = TestServer::on(copy).await;
    restored.advance(2 * DAY);
    let root = restored.sign_in("root").await;
    root.post(&format!("/auth/api-tokens/{confirmed_id}/confirm"), json!({})).await.ok(200);
    // Parts of the log that are exported one after the other have events in common.
    let mut export = export_of(&root, "").await;
    export.extend(export.clone());

    // The same backup is put in place once more, with the log of the database that the first restore had made.
    let done = prepare(&server.url, Some(&export)).await.unwrap();
    assert_eq!(done.tokens_on_hold, 1, "{done:?}");
    let restored = TestServer::on(server.url.clone()).await;
    restored.bearer(&doubtful).get("/auth/me").await.refused(401, "token-on-hold");
    restored.bearer(&confirmed).get("/auth/me").await.ok(200);
}

async fn an_export_that_may_lack_a_revoke_is_refused_and_nothing_is_changed(server: TestServer) {
    let root = server.with_root().await;
    server.advance(1_000);
    let (id, token) = root.new_token(json!({ "name": "ci" })).await;
    let copy = server.back_up().await;
    let later = server.another().await;
    later.advance(DAY);
    let root = later.sign_in("root").await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let whole = export_of(&root, "").await;
    let since = export_of(&root, &format!("?since={}", Timestamp(START + DAY))).await;
    let filtered = export_of(&root, "?action=session.create").await;
    let mut unknown = whole.clone();
    "token.dissolve".clone_into(&mut unknown.last_mut().unwrap().action);
    for (export, part) in [
        (&Vec::new(), "has no event"),
        (&since, "does not begin before the backup"),
        (&filtered, "leaves events out"),
        (&unknown, "does not know"),
    ] {
        let refused = prepare(&copy, Some(export)).await.unwrap_err();
        assert!(refused.to_string().contains(part), "{refused}");
    }
    let unchanged = TestServer::on(copy.clone()).await;
    unchanged.bearer(&token).get("/auth/me").await.ok(200);
    unchanged.app.close().await.unwrap();
    prepare(&copy, Some(&whole)).await.unwrap();
    TestServer::on(copy).await.bearer(&token).get("/auth/me").await.refused(401, "token-revoked");
}

async fn a_server_that_knows_the_lost_history_forgets_it(server: TestServer) {
    let root = server.with_root().await;
    let (spare, _) = root.new_token(json!({ "name": "spare" })).await;
    root.delete(&format!("/auth/api-tokens/{spare}")).await.ok(204);
    let copy = server.back_up().await;
    let store = Store::open(&copy, 1).await.unwrap();
    let before = epoch::get_epoch(store.read().await.unwrap().conn()).await.unwrap();
    prepare_from_terminal(&store, NOW, None).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let after = epoch::get_epoch(reader.conn()).await.unwrap();
    let moves = epoch::list_moves(reader.conn(), &before, &after, 100).await.unwrap();
    assert_eq!((moves.len(), moves[0].epoch, moves[0].nonce), (1, after.epoch, after.nonce));
    assert!(after.epoch > before.epoch && !before.leads_to(&after, &moves), "a cache of the backup's moment holds");
    drop(reader);
    store.close().await;
}

/// A program on SQLite with a backup, and a token that was revoked after it.
struct Site {
    directory: tempfile::TempDir,
    backup: PathBuf,
    kept: String,
    revoked: String,
    export: PathBuf,
}

impl Site {
    /// Ends with a kill, so that the database has a write-ahead log.
    fn new() -> Self {
        let (site, mut process) = Self::running();
        process.signal("KILL");
        process.child.wait().unwrap();
        site
    }

    fn running() -> (Self, Process) {
        let directory = tempfile::tempdir().unwrap();
        assert!(add_root(directory.path(), None).status.success());
        let process = start(directory.path(), None);
        let kept = process.first_token();
        let (_, made) = process.with_token("POST", "/auth/api-tokens", &kept, r#"{"name":"leaked"}"#).unwrap();
        let revoked = made["token"].as_str().unwrap().to_owned();
        let backup = directory.path().join("backup.db");
        assert!(Said::by(program(directory.path(), None).arg("backup").arg(&backup)).succeeded);
        assert_eq!(process.with_token("DELETE", "/auth/api-tokens/current", &revoked, "").unwrap().0, 204);
        let authorization = format!("authorization: Bearer {kept}\r\n");
        let (status, _, body) = process.ask("GET", "/audit/export", &authorization, "").unwrap();
        assert_eq!(status, 200);
        let export = directory.path().join("audit.jsonl");
        let lines = body.lines().filter(|line| line.starts_with('{')).collect::<Vec<_>>().join("\n");
        fs::write(&export, lines).unwrap();
        (Self { directory, backup, kept, revoked, export }, process)
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("uptrakit.db")
    }

    fn restore(&self, arguments: &[&Path]) -> Said {
        Said::by(program(self.directory.path(), None).arg("restore").args(arguments))
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&Path], parts: &[&str]) {
        let all = || ["", "-wal"].map(|suffix| fs::read(format!("{}{suffix}", self.database().display())).ok());
        let before = all();
        let said = self.restore(arguments);
        assert!(!said.succeeded, "{}", said.stdout);
        for part in parts {
            assert!(said.stderr.contains(part), "{part} is missing: {}", said.stderr);
        }
        assert!(all() == before, "the database was changed");
        let names: Vec<_> =
            fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let left = |name: &std::ffi::OsString| {
            [".restoring", ".before-restore"].iter().any(|part| name.to_string_lossy().contains(part))
        };
        assert!(!names.iter().any(left), "something is left: {names:?}");
    }
}

/// The code with which the server refuses a token; null when it accepts it.
fn code(process: &Process, token: &str) -> Value {
    process.with_token("GET", "/auth/me", token, "").unwrap().1["code"].clone()
}

#[test]
fn a_backup_is_put_in_place_and_the_former_database_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::new();
    let said = site.restore(&[&site.backup]);
    assert!(said.succeeded, "{}", said.stderr);
    let kept = site.directory.path().join("uptrakit.db.before-restore");
    for part in ["On hold: 2 tokens.", "is put in place", "uptrakit auth token confirm", kept.to_str().unwrap()] {
        assert!(said.stdout.contains(part), "{part} is missing: {}", said.stdout);
    }
    assert_eq!(site.database().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let said = Said::by(program(site.directory.path(), None).arg("doctor"));
    assert!(said.stdout.contains("tokens on hold since the database was restored: 2;"), "{}", said.stdout);
    let process = start(site.directory.path(), None);
    for token in [&site.kept, &site.revoked] {
        assert_eq!(code(&process, token), "token-on-hold");
    }
    drop(process);
    // The former database has its log, and what was in it.
    let url = format!("sqlite://{}", kept.display());
    let process = start(site.directory.path(), Some(&url));
    assert_eq!(code(&process, &site.revoked), "token-revoked");
    assert_eq!(code(&process, &site.kept), Value::Null);
}

#[test]
fn with_the_export_of_the_api_a_restored_backup_keeps_revoked_what_was_revoked_since() {
    let site = Site::new();
    let said = site.restore(&[&site.backup, Path::new("--audit"), &site.export]);
    assert!(said.succeeded, "{}", said.stderr);
    for part in ["Revoked again: 1 tokens. On hold: 0 tokens.", "Replayed: 1 events", "is not known"] {
        assert!(said.stdout.contains(part), "{part} is missing: {}", said.stdout);
    }
    let process = start(site.directory.path(), None);
    assert_eq!(code(&process, &site.revoked), "token-revoked");
    assert_eq!(code(&process, &site.kept), Value::Null);
}

#[test]
fn a_copy_that_a_killed_restore_has_left_is_replaced_and_one_in_use_is_not() {
    let site = Site::new();
    let copy = site.directory.path().join("uptrakit.db.restoring");
    fs::write(&copy, vec![b'x'; 4_000_000]).unwrap();
    fs::write(site.directory.path().join("uptrakit.db.restoring-wal"), "of another copy").unwrap();
    let other = File::open(&copy).unwrap();
    other.lock().unwrap();
    let said = site.restore(&[&site.backup]);
    assert!(!said.succeeded && said.stderr.contains("another restore is under way"), "{} {}", said.stdout, said.stderr);
    assert!(copy.exists());
    drop(other);
    let said = site.restore(&[&site.backup]);
    assert!(said.succeeded && !copy.exists(), "{}", said.stderr);
    let process = start(site.directory.path(), None);
    assert_eq!(code(&process, &site.kept), "token-on-hold");
}

#[test]
fn a_backup_is_restored_where_there_is_no_database() {
    let site = Site::new();
    let directory = tempfile::tempdir().unwrap();
    let said = Said::by(program(&directory.path().join("new"), None).arg("restore").arg(&site.backup));
    assert!(said.succeeded && !said.stdout.contains("former"), "{} {}", said.stdout, said.stderr);
    fs::write(directory.path().join("new/account"), "").unwrap();
    let process = start(&directory.path().join("new"), None);
    assert_eq!(code(&process, &site.kept), "token-on-hold");
}

#[test]
fn a_database_in_use_is_not_replaced() {
    let (site, process) = Site::running();
    let in_use = ["is in use", "stop every server", site.database().to_str().unwrap()].map(str::to_owned);
    let in_use = in_use.each_ref().map(String::as_str);
    site.refuses(&[&site.backup], &in_use);
    site.refuses(&[Path::new("--adopt")], &in_use);
    assert_eq!(code(&process, &site.kept), Value::Null, "the server goes on");
}

#[test]
fn what_is_no_whole_backup_of_this_version_or_an_older_one_is_refused() {
    let site = Site::new();
    let with = |name: &str, change: &dyn Fn(&Path)| {
        let file = site.directory.path().join(name);
        fs::copy(&site.backup, &file).unwrap();
        change(&file);
        file
    };
    let damaged = with("damaged.db", &|file| {
        let mut bytes = fs::read(file).unwrap();
        for page in (4096..bytes.len() - 4096).step_by(4096) {
            bytes[page..page + 64].fill(0xa5);
        }
        fs::write(file, bytes).unwrap();
    });
    let cut = with("cut.db", &|file| {
        let length = file.metadata().unwrap().len();
        fs::File::options().write(true).open(file).unwrap().set_len(length / 2).unwrap();
    });
    let text = with("text.db", &|file| fs::write(file, "a backup of another kind").unwrap());
    let left = "left as it was";
    for file in [&damaged, &cut, &text] {
        site.refuses(&[file], &[file.to_str().unwrap(), "is damaged, or no database", left]);
    }
    let newer = with("newer.db", &|file| {
        run_sql(
            file,
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', TRUE, x'00', 0)",
        );
    });
    site.refuses(&[&newer], &["made by a newer Uptrakit", "9999", "use that version", left]);
    let foreign = site.directory.path().join("foreign.db");
    run_sql(&foreign, "CREATE TABLE other (id INTEGER)");
    site.refuses(&[&foreign], &["a database of another program", left]);
    let logged = with("logged.db", &|file| fs::write(format!("{}-wal", file.display()), "log").unwrap());
    site.refuses(&[&logged], &["has a log beside it", "uptrakit-server backup"]);
    site.refuses(&[&site.directory.path().join("none.db")], &["there is no file"]);
    site.refuses(&[&site.database()], &["is the database itself"]);
    site.refuses(&[&site.backup, Path::new("--audit"), &text], &["Line 1", "is no event of the audit log"]);
    let process = start(site.directory.path(), None);
    assert_eq!(code(&process, &site.revoked), "token-revoked");
}

fn run_sql(file: &Path, statement: &'static str) {
    use sqlx::{ConnectOptions as _, Connection as _};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut conn = options.connect().await.unwrap();
        sqlx::query(statement).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_database_is_taken_over_after_its_own_tool_has_restored_it() {
    let Some(server) = TestServer::postgres().await else { return };
    let token = server.with_root().await.new_token(json!({ "name": "ci" })).await.1;
    let copy = server.back_up().await;
    let directory = tempfile::tempdir().unwrap();
    let restore = |arguments: &[&str]| {
        let mut command = program(directory.path(), Some(&copy));
        tokio::task::block_in_place(|| Said::by(command.arg("restore").args(arguments)))
    };
    let said = restore(&["backup.dump"]);
    assert!(
        !said.succeeded && said.stderr.contains("pg_restore") && said.stderr.contains("--adopt"),
        "{}",
        said.stderr
    );
    let running = TestServer::on(copy.clone()).await;
    let said = restore(&["--adopt"]);
    assert!(!said.succeeded && said.stderr.contains("is in use; stop every server"), "{}", said.stderr);
    running.bearer(&token).get("/auth/me").await.ok(200);
    running.app.close().await.unwrap();
    running.close_database_and_open_it().await;
    let said = restore(&["--adopt"]);
    assert!(said.succeeded && said.stdout.contains("On hold: 1 tokens."), "{} {}", said.stdout, said.stderr);
    TestServer::on(copy.clone()).await.bearer(&token).get("/auth/me").await.refused(401, "token-on-hold");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_of_postgres_that_is_put_back_brings_no_revoked_token_back() {
    let Some(cluster) = Cluster::primary() else { return };
    let server = TestServer::on(cluster.url()).await;
    let root = server.with_root().await;
    let kept = root.new_token(json!({ "name": "kept" })).await.1;
    let (id, revoked) = root.new_token(json!({ "name": "revoked" })).await;
    let dump = cluster.file("uptrakit.dump");
    cluster.run("pg_dump", &["--format=custom", "--file", &dump, "uptrakit"]);
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let directory = tempfile::tempdir().unwrap();
    let export = directory.path().join("audit.jsonl");
    fs::write(&export, root.get("/audit/export").await.text).unwrap();
    server.app.close().await.unwrap();

    for (arguments, of_kept, of_revoked) in [
        (&["--adopt", "--audit", export.to_str().unwrap()][..], None, "token-revoked"),
        (&["--adopt"], Some("token-on-hold"), "token-on-hold"),
    ] {
        cluster.run("dropdb", &["uptrakit"]);
        cluster.run("createdb", &["--owner=uptrakit", "uptrakit"]);
        cluster.run("pg_restore", &["--no-owner", "--role=uptrakit", "--dbname=uptrakit", &dump]);
        let mut restore = program(directory.path(), Some(&cluster.url()));
        let said = tokio::task::block_in_place(|| Said::by(restore.arg("restore").args(arguments)));
        assert!(said.succeeded, "{} {}", said.stdout, said.stderr);
        let restored = TestServer::on(cluster.url()).await;
        restored.bearer(&revoked).get("/auth/me").await.refused(401, of_revoked);
        let reply = restored.bearer(&kept).get("/auth/me").await;
        match of_kept {
            Some(code) => drop(reply.refused(401, code)),
            None => drop(reply.ok(200)),
        }
        restored.app.close().await.unwrap();
    }
}
