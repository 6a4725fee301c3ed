//! Contract, section 7: what the database must be and be able to do, and how the server refuses one that does not fit.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;
use uptrakit_store::{OpenError, State, Store};

use crate::{
    durability::setting,
    process::program,
    support::{
        TestServer,
        link::{Link, Wire},
        new_postgres_database_with, on_both,
        pgbouncer::PgBouncer,
        report,
    },
};

/// The outcome and the output of one run of the program.
pub struct Said {
    pub succeeded: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn by(command: &mut Command) -> Self {
        let output = command.env("UPTRAKIT_LOG", "off").stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { succeeded: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs the program on a database that it must refuse. The time is limited, because a program that accepts the
    /// database would serve for ever.
    #[track_caller]
    fn refusal(directory: &Path, url: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("timeout");
        let program = program(directory, Some(url));
        command.arg("30").arg(program.get_program()).args(arguments).env_clear();
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", std::env::var_os("PATH").unwrap());
        let said = Self::by(&mut command);
        assert!(!said.succeeded, "{url} was taken: {} {}", said.stdout, said.stderr);
        assert!(!said.stdout.contains("listening"), "it said that it listens");
        said.stderr
    }
}

/// Returns an address on which no process listens.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_url_of_which_a_part_would_be_ignored_is_refused_at_start_and_the_part_is_named() {
    let directory = tempfile::tempdir().unwrap();
    for (url, named) in [
        ("postgres://u:secret@a,b/up", "several hosts"),
        ("postgres://u:secret@a/up?target_session_attrs=read-write", "target_session_attrs"),
        ("postgres://u:secret@a/up?passfile=/x", "PGPASSFILE"),
        ("postgres://u:secret@a/up?channel_binding=require", "channel_binding"),
        ("sqlite:///up.db?immutable=1", "immutable"),
    ] {
        let stderr = Said::refusal(directory.path(), url, &[]);
        assert!(stderr.starts_with("The setting database_url is wrong: ") && stderr.contains(named), "{stderr}");
        assert!(!stderr.contains("secret") && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn a_database_that_refuses_connections_is_named_with_the_reason_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let address = free_address();
    let url = format!("postgres://ada:secret@{address}/up");
    for arguments in [[].as_slice(), &["doctor"], &["user", "list"]] {
        let stderr = Said::refusal(directory.path(), &url, arguments);
        let place = format!("Postgres {address}/up as ada: connection refused");
        assert!(stderr.contains(&place) && stderr.contains("see that Postgres runs there"), "{stderr}");
        assert_eq!(stderr.matches("refused").count(), 1, "{stderr}");
        assert!(!stderr.contains("secret") && !stderr.contains("timed out"), "{stderr}");
    }
}

#[test]
fn a_place_that_is_none_is_named_with_the_reason_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let stderr = Said::refusal(directory.path(), "sqlite:///nowhere/at/all.db", &[]);
    assert_eq!(
        stderr,
        "The setting database_url names no database that can be used: SQLite /nowhere/at/all.db: No such file or \
         directory; make the directory first, or name a file in another one\n"
    );
    let stderr = Said::refusal(
        directory.path(),
        "postgres://ada:secret@127.0.0.1/up?sslmode=verify-full&sslrootcert=/nowhere/ca.pem",
        &[],
    );
    let file = "the file /nowhere/ca.pem of sslrootcert can't be read: No such file or directory";
    assert!(stderr.contains(file) && !stderr.contains("secret"), "{stderr}");
    std::fs::write(directory.path().join("text.db"), "This is no database, but a text of some length.").unwrap();
    let url = format!("sqlite://{}", directory.path().join("text.db").display());
    let stderr = Said::refusal(directory.path(), &url, &[]);
    assert_eq!(stderr.matches("not a database").count(), 1, "{stderr}");
    assert!(stderr.contains("text.db") && stderr.contains("restore a backup"), "{stderr}");
    let url = format!("sqlite://{}?mode=rw", directory.path().join("none.db").display());
    let stderr = Said::refusal(directory.path(), &url, &[]);
    assert!(stderr.contains("none.db") && !directory.path().join("none.db").exists(), "{stderr}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = Said::by(program(directory.path(), None).env("UPTRAKIT_LISTEN", &address));
    assert_eq!(
        said.stderr,
        format!(
            "The server can't listen on {address} (the setting listen): another program listens there; stop it, or \
             choose another port.\n"
        )
    );
}

#[test]
fn a_name_that_is_not_resolved_is_named_with_what_to_look_at() {
    let directory = tempfile::tempdir().unwrap();
    // The name is too long for a label (RFC 1035), so that no name server has to be asked.
    let host = format!("{}.invalid", "a".repeat(64));
    let stderr = Said::refusal(directory.path(), &format!("postgres://ada:secret@{host}/up"), &[]);
    assert!(
        stderr.contains(&format!("Postgres {host}:5432/up as ada: the host name can't be resolved; see")),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn a_postgres_without_tls_is_refused_with_what_to_do_where_tls_is_asked_for() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // A server without TLS gives this answer to the first message of a client that asks for TLS.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(b"N").unwrap();
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let stderr = Said::refusal(directory.path(), &format!("postgres://ada:secret@{address}/up?sslmode=require"), &[]);
    assert!(stderr.contains("does not support TLS; turn TLS on there"), "{stderr}");
}

/// Runs the program as another user, because the superuser can write all files.
fn unprivileged(directory: &Path) -> Option<Command> {
    use std::os::unix::fs::MetadataExt as _;
    let program = program(directory, None);
    if std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() != 0) {
        return Some(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program.get_program()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut trial = Command::new("setpriv");
    trial.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", "test", "-x"]).arg(program.get_program());
    if !trial.status().is_ok_and(|status| status.success()) {
        eprintln!("left out: the program can't be run as another user than the superuser here");
        return None;
    }
    Some(command)
}

#[test]
fn a_file_that_cannot_be_written_is_refused_at_start_by_doctor_and_by_commands() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let directory = tempfile::tempdir().unwrap();
    if unprivileged(directory.path()).is_none() {
        return;
    }
    assert!(Said::by(program(directory.path(), None).arg("migrate")).succeeded);
    let file = directory.path().join("uptrakit.db");
    let _ = (chown(directory.path(), Some(65534), Some(65534)), chown(&file, Some(65534), Some(65534)));
    let set = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o400);
    for arguments in [[].as_slice(), &["doctor"], &["user", "list"], &["migrate"]] {
        let said = Said::by(unprivileged(directory.path()).unwrap().args(arguments));
        assert!(!said.succeeded, "{arguments:?}: {}", said.stdout);
        assert_eq!(
            said.stderr.matches("can't be written; the user that runs this must be able to").count(),
            1,
            "{arguments:?}: {}",
            said.stderr
        );
        assert!(said.stderr.contains(file.to_str().unwrap()), "{}", said.stderr);
        assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    }
    set(0o000);
    let said = Said::by(&mut unprivileged(directory.path()).unwrap());
    assert!(said.stderr.contains("Permission denied; the user that runs this must be able to"), "{}", said.stderr);
}

#[test]
fn what_the_superuser_makes_in_the_directory_of_a_service_belongs_to_the_service() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let directory = tempfile::tempdir().unwrap();
    if chown(directory.path(), Some(65534), Some(65534)).is_err() {
        eprintln!("left out: only the superuser may give a directory away");
        return;
    }
    assert!(Said::by(program(directory.path(), None).arg("migrate")).succeeded);
    let about = std::fs::metadata(directory.path().join("uptrakit.db")).unwrap();
    assert_eq!((about.uid(), about.gid(), about.mode() & 0o777), (65534, 65534, 0o600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_refuses_the_role_says_why() {
    let Some(server) = TestServer::postgres().await else { return };
    let directory = tempfile::tempdir().unwrap();
    let address = server.postgres_address();
    let url = format!("postgres://stranger_{}:secret@{address}/{}", server.database(), server.database());
    let stderr = Said::refusal(directory.path(), &url, &[]);
    assert_eq!(stderr.matches("password authentication failed").count(), 1, "{stderr}");
    assert!(stderr.contains(&address) && stderr.contains("PGPASSWORD"), "{stderr}");
    let missing = server.url.replace(server.database(), "there_is_none");
    let stderr = Said::refusal(directory.path(), &missing, &["doctor"]);
    assert_eq!(stderr.matches("does not exist").count(), 1, "{stderr}");
    assert!(stderr.contains("ENCODING 'UTF8'"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_an_outage_the_cause_is_that_of_the_connection_and_not_of_the_pool() {
    let Some(server) = TestServer::postgres().await else { return };
    let link = Link::to(server.postgres_address()).await;
    let url = server.url.replace(&server.postgres_address(), &link.address.to_string());
    let store = Store::open(&url, 5).await.unwrap();
    link.set(Wire::Cut);
    let (mut held, mut causes) = (Vec::new(), Vec::new());
    // The connections that are open break first.
    while !causes.iter().any(|cause| cause == "connection refused") {
        assert!(causes.len() < 20, "{causes:?}");
        match store.read().await {
            Ok(reader) => held.push(reader),
            Err(error) => causes.push(error.to_string()),
        }
    }
    link.set(Wire::Whole);
    held.clear();
    server.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", server.database())).await;
    while !causes.iter().any(|cause| cause.contains("takes no writes")) {
        assert!(causes.len() < 40, "{causes:?}");
        match store.read().await {
            Ok(reader) => held.push(reader),
            Err(error) => causes.push(error.to_string()),
        }
    }
    assert!(!causes.iter().any(|cause| cause.contains("pool")), "{causes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_settings_by_which_acknowledged_revokes_can_be_lost() {
    let Some(server) = TestServer::postgres().await else { return };
    let directory = tempfile::tempdir().unwrap();
    let doctor = || Said::by(program(directory.path(), Some(&server.url)).arg("doctor"));
    server.sql(&format!("ALTER DATABASE {} SET synchronous_commit = on", server.database())).await;
    let said = doctor();
    assert!(said.succeeded && !said.stdout.contains("synchronous_commit"), "{}{}", said.stdout, said.stderr);
    server.sql(&format!("ALTER DATABASE {} SET synchronous_commit = off", server.database())).await;
    let said = doctor();
    assert!(said.succeeded, "{}", said.stderr);
    assert!(said.stdout.contains("remark      synchronous_commit is off"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_a_server_that_a_power_cut_can_damage_and_is_content_with_a_synchronous_standby() {
    let Some(primary) = crate::support::cluster::Cluster::primary() else { return };
    let directory = tempfile::tempdir().unwrap();
    let doctor = || Said::by(program(directory.path(), Some(&primary.url())).arg("doctor"));
    assert!(Said::by(program(directory.path(), Some(&primary.url())).arg("migrate")).succeeded);
    // The clusters of the tests run with fsync off.
    let standby = primary.standby("standby");
    primary.kill();
    primary.start("-c full_page_writes=off -c synchronous_standby_names=standby");
    let began = std::time::Instant::now();
    let said = loop {
        let said = doctor();
        if !said.stdout.contains("asynchronous standbys") && said.stdout.contains("writes      ok") {
            break said.stdout;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "{} {}", said.stdout, said.stderr);
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    for part in ["remark      fsync is off", "remark      full_page_writes is off"] {
        assert!(said.contains(part), "{said}");
    }
    drop(standby);
}

/// Follows a Postgres server as an asynchronous standby does, until the value is dropped.
struct Follower(std::process::Child);

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_asynchronous_standbys_and_what_they_mean() {
    let Some(server) = TestServer::postgres().await else { return };
    let Some(receiver) = std::fs::read_dir("/usr/lib/postgresql").ok().and_then(|versions| {
        versions.map(|version| version.unwrap().path().join("bin/pg_receivewal")).filter(|path| path.exists()).max()
    }) else {
        eprintln!("left out: there is no pg_receivewal in /usr/lib/postgresql");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let name = format!("standby_of_{}", server.database());
    let connection = format!("{}?application_name={name}", server.url);
    let mut command = Command::new(receiver);
    command.args(["--no-loop", "--no-password", "--directory"]).arg(directory.path());
    let follower = command.arg("--dbname").arg(&connection).stderr(Stdio::null()).spawn().unwrap();
    let mut follower = Follower(follower);
    let began = std::time::Instant::now();
    loop {
        let said = Said::by(program(directory.path(), Some(&server.url)).arg("doctor"));
        assert!(said.succeeded, "{}", said.stderr);
        if said.stdout.contains(&name) {
            let remark = said.stdout.lines().find(|line| line.contains(&name)).unwrap();
            assert!(remark.starts_with("remark      asynchronous standbys ("), "{remark}");
            assert!(
                remark.contains("lack the last revokes") && remark.contains("synchronous_standby_names"),
                "{remark}"
            );
            break;
        }
        assert_eq!(follower.0.try_wait().unwrap(), None, "pg_receivewal could not follow");
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "{}", said.stdout);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Checks that the start and `doctor` report the same about a database that must be refused.
#[track_caller]
fn refused_at_start_and_by_doctor(url: &str, parts: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [[].as_slice(), &["doctor"]] {
        let stderr = Said::refusal(directory.path(), url, arguments);
        for part in parts {
            assert!(stderr.contains(part), "{arguments:?}: {stderr}");
        }
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_hold_all_text_is_refused_at_start_and_by_doctor() {
    let Some(url) =
        new_postgres_database_with("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").await
    else {
        return;
    };
    refused_at_start_and_by_doctor(&url, &["is LATIN1", "ENCODING 'UTF8'"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_without_rights_is_refused_with_the_right_that_it_lacks() {
    let Some(server) = TestServer::postgres().await else { return };
    let (url, role) = server.new_role().await;
    refused_at_start_and_by_doctor(&url, &["_sqlx_migrations", "GRANT"]);
    server.sql(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")).await;
    server.sql(&format!("REVOKE UPDATE, DELETE ON auth_epoch FROM {role}")).await;
    refused_at_start_and_by_doctor(&url, &[&role, "lacks the right to UPDATE, DELETE on auth_epoch", "GRANT"]);
    server.sql(&format!("GRANT UPDATE, DELETE ON auth_epoch TO {role}")).await;
    server.sql("ALTER TABLE hosts ENABLE ROW LEVEL SECURITY").await;
    refused_at_start_and_by_doctor(&url, &["row security", "hosts", &role]);
    server.sql("ALTER TABLE hosts DISABLE ROW LEVEL SECURITY").await;
    Store::open(&url, 2).await.unwrap();
    for function in ["pg_notify(text, text)", "gen_random_uuid()"] {
        server.sql(&format!("REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")).await;
        let name = function.split('(').next().unwrap();
        refused_at_start_and_by_doctor(&url, &[&role, name, "GRANT EXECUTE"]);
        server.sql(&format!("GRANT EXECUTE ON FUNCTION {function} TO PUBLIC")).await;
    }
    server.sql("DROP TABLE readiness").await;
    refused_at_start_and_by_doctor(&url, &["missing", "readiness", "backup"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_strings_have_escapes_by_default_is_searched_all_the_same() {
    let Some(server) = TestServer::postgres().await else { return };
    server.sql(&format!("ALTER DATABASE \"{}\" SET standard_conforming_strings = off", server.database())).await;
    let other = server.another().await;
    let root = other.with_root().await;
    root.get("/hosts?q=a%25b").await.ok(200);
    root.get("/auth/api-tokens?q=a%25b").await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_with_data_rights_alone_serves_a_database_that_another_role_migrates() {
    let Some(server) = TestServer::postgres().await else { return };
    server.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let (url, role) = server.new_role().await;
    server.sql("ALTER TABLE api_tokens DROP COLUMN revoked_by").await;
    server.sql("DELETE FROM _sqlx_migrations WHERE version = 4").await;
    server.sql(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")).await;
    let remedy = "run `uptrakit-server migrate`";
    refused_at_start_and_by_doctor(&url, &["migrations are pending", &role, remedy]);
    let directory = tempfile::tempdir().unwrap();
    let stderr = Said::refusal(directory.path(), &url, &["migrate"]);
    assert!(stderr.contains(remedy), "{stderr}");
    let said = Said::by(program(directory.path(), Some(&server.url)).arg("migrate"));
    assert_eq!(said.stdout, "The database is brought up to date.\n", "{}", said.stderr);
    let database = format!("Database: Postgres {}/{}", server.postgres_address(), server.database());
    assert!(said.stderr.starts_with(&database) && !said.stderr.contains("(new)"), "{}", said.stderr);
    let served = server.another_at(url).await;
    let root = served.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    served.bearer(&text).get("/auth/me").await.refused(401, "token-revoked");
}

on_both!(
    migrate_makes_the_tables_and_says_what_it_found,
    a_migration_that_is_another_one_here_is_refused_at_start_and_by_doctor,
    a_database_that_has_lost_the_row_of_the_epoch_is_refused_in_plain_words,
    doctor_says_that_no_token_can_be_judged
);

async fn migrate_makes_the_tables_and_says_what_it_found(server: TestServer) {
    server.sql("DELETE FROM _sqlx_migrations WHERE version = 4").await;
    server.sql("ALTER TABLE api_tokens DROP COLUMN revoked_by").await;
    assert_eq!(Store::migrate(&server.url).await.unwrap(), State::Older);
    assert_eq!(Store::migrate(&server.url).await.unwrap(), State::Current);
    Store::open_existing(&server.url, 2).await.unwrap();
}

async fn a_migration_that_is_another_one_here_is_refused_at_start_and_by_doctor(server: TestServer) {
    server.sql("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 2").await;
    let refused = Store::open(&server.url, 2).await.unwrap_err();
    assert!(matches!(refused, OpenError::Modified(2)), "{refused}");
    refused_at_start_and_by_doctor(&server.url, &["checksum of its migration 2", "restore a backup"]);
}

async fn a_database_that_has_lost_the_row_of_the_epoch_is_refused_in_plain_words(server: TestServer) {
    server.sql("DELETE FROM auth_epoch").await;
    let mut reader = server.app.store.read().await.unwrap();
    let error = uptrakit_store::epoch::get_epoch(reader.conn()).await.unwrap_err();
    for words in [error.to_string(), error.detail()] {
        assert!(words.contains("the epoch; restore a backup") && !words.contains("no rows"), "{words}");
    }
    drop(reader);
    refused_at_start_and_by_doctor(
        &server.url,
        &["the row of the epoch is missing in the table auth_epoch; restore a backup"],
    );
}

async fn doctor_says_that_no_token_can_be_judged(server: TestServer) {
    server.sql("ALTER TABLE api_tokens RENAME TO elsewhere").await;
    let stderr = Said::refusal(tempfile::tempdir().unwrap().path(), &server.url, &["doctor"]);
    assert!(stderr.contains("api_tokens"), "{stderr}");
}

/// A migration waits for a lock longer than a request does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_waits_for_a_long_transaction_and_then_runs() {
    migrates_after("LOCK TABLE api_tokens IN ACCESS SHARE MODE", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_waits_for_the_table_of_migrations_too() {
    migrates_after("LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE", 2).await;
}

async fn migrates_after(lock: &'static str, waits: usize) {
    use sqlx::{Connection as _, Executor as _};
    let Some(server) = TestServer::postgres().await else { return };
    server.sql("ALTER TABLE api_tokens DROP COLUMN revoked_by").await;
    server.sql("DELETE FROM _sqlx_migrations WHERE version = 4").await;
    let mut long = sqlx::PgConnection::connect(&server.url).await.unwrap();
    long.execute("BEGIN").await.unwrap();
    long.execute(lock).await.unwrap();
    let migrating = tokio::task::spawn_blocking({
        let url = server.url.clone();
        move || {
            let directory = tempfile::tempdir().unwrap();
            program(directory.path(), Some(&url)).arg("migrate").env("UPTRAKIT_LOG", "warn").output().unwrap()
        }
    });
    // Two attempts end in this time, the first of them after the limit of locks and the second a pause later.
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    assert!(!migrating.is_finished(), "{:?}", migrating.await);
    long.execute("COMMIT").await.unwrap();
    let output = migrating.await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "The database is brought up to date.\n", "{stderr}");
    let waited = stderr.matches("a migration waits for a lock that another session holds").count();
    assert!(waited >= waits, "{stderr}");
}

/// The server's statements time out after five seconds, those of a migration do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_may_take_longer_than_a_request() {
    let Some(server) = TestServer::postgres().await else { return };
    server.sql("ALTER TABLE api_tokens DROP COLUMN revoked_by").await;
    server.sql("DELETE FROM _sqlx_migrations WHERE version = 4").await;
    server
        .sql(
            "CREATE FUNCTION take_long() RETURNS event_trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_sleep(6); END $$",
        )
        .await;
    server
        .sql("CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION take_long()")
        .await;
    assert_eq!(Store::migrate(&server.url).await.unwrap(), State::Older);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_a_limit_of_connections_that_one_server_can_exceed() {
    let Some(server) = TestServer::postgres().await else { return };
    let (url, role) = server.new_role().await;
    server.sql(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")).await;
    let directory = tempfile::tempdir().unwrap();
    for (limit, is_named) in [(-1, false), (5, true), (11, false)] {
        server.sql(&format!("ALTER ROLE {role} CONNECTION LIMIT {limit}")).await;
        let said = Said::by(program(directory.path(), Some(&url)).arg("doctor"));
        assert!(said.succeeded, "{}", said.stderr);
        let named = said.stdout.contains(&format!("may have {limit} connections, and one server takes up to 11"));
        assert_eq!(named, is_named, "{limit}: {}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_lacks_connections_names_the_database_and_the_limits_to_raise() {
    use sqlx::Connection as _;
    let Some(server) = TestServer::postgres().await else { return };
    let (url, role) = server.new_role().await;
    server.sql(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")).await;
    // A start needs two connections at once, and Postgres counts those that were closed for a moment longer.
    server.sql(&format!("ALTER ROLE {role} CONNECTION LIMIT 6")).await;
    let directory = tempfile::tempdir().unwrap();
    let mut process = crate::process::start_with(directory.path(), Some(&url), &[("UPTRAKIT_LOG", "warn")]);
    let log = || std::fs::read_to_string(directory.path().join("log")).unwrap();
    process.signal("TERM");
    process.child.wait().unwrap();
    assert!(log().contains("may have 6 connections, and one server takes up to 11; raise its CONNECTION LIMIT"));
    server.sql(&format!("ALTER ROLE {role} CONNECTION LIMIT 2")).await;
    // The check of the start needs two connections, and other sessions leave one.
    let held = loop {
        // Postgres counts the sessions of the server that has ended for a moment longer.
        match sqlx::PgConnection::connect(&url).await {
            Ok(held) => break held,
            Err(error) => assert!(error.to_string().contains("too many connections"), "{error}"),
        }
    };
    let stderr = Said::refusal(directory.path(), &url, &[]);
    let place = format!("Postgres {}/{}", server.postgres_address(), server.database());
    assert!(stderr.contains(&place) && stderr.contains("CONNECTION LIMIT"), "{stderr}");
    assert!(stderr.contains("lower database_connections") && !stderr.contains("try again"), "{stderr}");
    held.close().await.unwrap();
    // The trigger refuses what the start does after it has opened the database.
    server.sql(&format!("ALTER ROLE {role} CONNECTION LIMIT -1")).await;
    server
        .sql(&format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'too many connections for role \"{role}\"' USING ERRCODE = '53300'; END $$"
        ))
        .await;
    server.sql("CREATE TRIGGER refuse BEFORE INSERT ON invitations EXECUTE FUNCTION refuse()").await;
    let stderr = Said::refusal(directory.path(), &url, &[]);
    assert!(stderr.starts_with("The setting database_url names no database that can be used: "), "{stderr}");
    assert!(stderr.contains(&place) && stderr.contains("lower database_connections"), "{stderr}");
    assert!(!stderr.contains("try again") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn what_answers_and_is_no_postgres_is_named_with_its_address() {
    use std::io::{Read as _, Write as _};
    let directory = tempfile::tempdir().unwrap();
    for (answer, mode, is_stranger) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "prefer", true),
        ("J\0\0\0\n8.0", "prefer", true),
        ("SSH-2.0-OpenSSH_9.2\r\n", "require", true),
        ("-ERR unknown command\r\n", "disable", true),
        ("", "prefer", false),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 8]);
                let _ = stream.write_all(answer.as_bytes());
                // What the client sends further is read, so that the connection isn't reset.
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            }
        });
        let url = format!("postgres://ada:secret@{address}/up?sslmode={mode}");
        let stderr = Said::refusal(directory.path(), &url, &["doctor"]);
        let stranger = format!("what answers at {address} is not Postgres; see host and port in database_url");
        assert_eq!(stderr.contains(&stranger), is_stranger, "{answer}: {stderr}");
        assert_eq!(stderr.contains("closed without an answer; see that Postgres runs there"), !is_stranger, "{stderr}");
        assert!(!stderr.contains("SSLRequest") && !stderr.contains("unknown message"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_session_mode_is_as_good_as_no_pooler() {
    let Some(near) = TestServer::postgres().await else { return };
    near.sql(&format!("ALTER DATABASE {} SET synchronous_commit = off", near.database())).await;
    let Some(pooler) = PgBouncer::start(&near.url, "pool_mode = session\ndefault_pool_size = 20") else { return };
    let url = pooler.through(&near.url);
    let root = near.with_root().await;
    // Several rounds are needed, because the pooler hands the same connections out again.
    for round in 0..3 {
        let far = near.another_at(url.clone()).await;
        let (id, text) = root.new_token(json!({ "name": format!("{round}") })).await;
        let client = far.bearer(&text);
        client.get("/auth/me").await.ok(200);
        client.post("/hosts/report", report("m")).await;
        assert!(far.app.store.listen().await.unwrap().is_some());
        root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
        client.get("/auth/me").await.refused(401, "token-revoked");
        far.app.close().await.unwrap();
        for (name, value) in [("synchronous_commit", "on"), ("statement_timeout", "5s")] {
            assert_eq!(setting(&url, name).await, value);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let said = Said::by(program(directory.path(), Some(&url)).arg("doctor"));
    assert!(said.succeeded, "{}{}", said.stdout, said.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_shares_a_session_among_clients_is_refused_at_start_and_by_doctor() {
    let Some(server) = TestServer::postgres().await else { return };
    for configuration in [
        "pool_mode = transaction",
        "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 2",
        "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 3",
        "pool_mode = statement",
    ] {
        let Some(pooler) = PgBouncer::start(&server.url, configuration) else { return };
        refused_at_start_and_by_doctor(&pooler.through(&server.url), &["a pooler", "pool_mode = session"]);
    }
    let Some(pooler) = PgBouncer::start(&server.url, "pool_mode = session\ndefault_pool_size = 1") else { return };
    refused_at_start_and_by_doctor(&pooler.through(&server.url), &["a second connection", "pool_size"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_begins_to_share_sessions_is_noticed_by_a_server_that_runs() {
    let Some(near) = TestServer::postgres().await else { return };
    let Some(pooler) = PgBouncer::start(&near.url, "pool_mode = session\ndefault_pool_size = 20") else { return };
    let far = near.another_at(pooler.through(&near.url)).await;
    for _ in 0..3 {
        assert_eq!(far.anonymous().get("//readyz").await.status, 200);
        far.app.store.check_pooler().await.unwrap();
    }
    pooler.reconfigure("pool_mode = session", "pool_mode = transaction").await;
    far.anonymous().get("//readyz").await.refused(503, "unavailable");
    let why = far.app.store.check_pooler().await.unwrap_err().to_string();
    assert!(why.contains("a pooler lends") && why.contains("set pool_mode = session"), "{why}");
    let why = far.app.probe_database().await.unwrap_err();
    assert!(why.contains("a pooler lends") && why.contains("set pool_mode = session"), "{why}");
}

#[test]
fn a_command_names_its_database_and_says_when_it_is_new() {
    let directory = tempfile::tempdir().unwrap();
    let database = format!("Database: SQLite {}", directory.path().join("uptrakit.db").display());
    let said = Said::by(program(directory.path(), None).arg("migrate"));
    assert_eq!((said.stdout.as_str(), said.stderr), ("The tables are made.\n", format!("{database} (new)\n")));
    let said = Said::by(program(directory.path(), None).arg("migrate"));
    let kept = "The database was up to date already.\n";
    assert_eq!((said.stdout.as_str(), said.stderr), (kept, format!("{database}\n")));
    let copy = directory.path().join("copy.db");
    let said = Said::by(program(directory.path(), None).arg("backup").arg(&copy));
    assert_eq!(said.stderr, format!("{database}\n"));
    let said = Said::by(program(directory.path(), None).arg("doctor"));
    assert!(said.stdout.contains(&directory.path().join("uptrakit.db").display().to_string()), "{}", said.stdout);
    let other = tempfile::tempdir().unwrap();
    let added = crate::process::add_root(other.path(), None);
    let stderr = String::from_utf8(added.stderr).unwrap();
    assert!(stderr.contains(&format!("{} (new)\n", other.path().join("uptrakit.db").display())), "{stderr}");
}

/// A server that was killed, so that its write-ahead log is left, with a backup made before, and a later change in the
/// log.
struct Killed {
    directory: tempfile::TempDir,
    backup: std::path::PathBuf,
    token: String,
}

impl Killed {
    fn new() -> Self {
        use crate::process::{add_root, start};
        let directory = tempfile::tempdir().unwrap();
        assert!(add_root(directory.path(), None).status.success());
        let mut process = start(directory.path(), None);
        let token = process.first_token();
        let backup = directory.path().join("backup.db");
        assert!(Said::by(program(directory.path(), None).arg("backup").arg(&backup)).succeeded);
        for host in ["a", "b", "c"] {
            assert_eq!(process.with_token("POST", "/hosts/report", &token, &report(host).to_string()).unwrap().0, 201);
        }
        process.signal("KILL");
        process.child.wait().unwrap();
        Self { directory, backup, token }
    }

    fn file(&self, suffix: &str) -> std::path::PathBuf {
        self.directory.path().join(format!("uptrakit.db{suffix}"))
    }

    /// Checks that the refusal names the log and leaves both files as they were, and that the server starts without the
    /// log.
    #[track_caller]
    fn is_refused_until_the_log_is_moved_away(&self) {
        let all = || ["", "-wal"].map(|suffix| std::fs::read(self.file(suffix)).unwrap());
        let before = all();
        let stderr = Said::refusal(self.directory.path(), &format!("sqlite://{}", self.file("").display()), &[]);
        assert!(stderr.contains(&format!("move {}", self.file("-wal").display())), "{stderr}");
        assert!(all() == before, "the refusal changed the files");
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.file(suffix));
        }
        let process = crate::process::start(self.directory.path(), None);
        assert_eq!(process.with_token("GET", "/auth/me", &self.token, "").unwrap().0, 200);
    }
}

#[test]
fn the_log_of_a_server_that_was_killed_is_taken() {
    let killed = Killed::new();
    assert!(killed.file("-wal").metadata().unwrap().len() > 0);
    let process = crate::process::start(killed.directory.path(), None);
    let (status, hosts) = process.with_token("GET", "/hosts", &killed.token, "").unwrap();
    assert_eq!((status, &hosts["total"]), (200, &json!(3)));
}

#[test]
fn the_log_of_the_former_file_is_noticed_when_a_backup_was_put_in_place() {
    let killed = Killed::new();
    std::fs::copy(&killed.backup, killed.file("")).unwrap();
    let doctor = Said::by(program(killed.directory.path(), None).arg("doctor"));
    assert!(!doctor.succeeded && doctor.stderr.contains("is the log of another file"), "{}", doctor.stderr);
    killed.is_refused_until_the_log_is_moved_away();
}

#[test]
fn the_log_of_the_former_file_is_noticed_when_the_backup_has_been_served_before() {
    let killed = Killed::new();
    // No migration is pending, so that the command only gives the copy a log of its own.
    let url = format!("sqlite://{}", killed.backup.display());
    assert!(Said::by(program(killed.directory.path(), Some(&url)).arg("migrate")).succeeded);
    std::fs::copy(&killed.backup, killed.file("")).unwrap();
    killed.is_refused_until_the_log_is_moved_away();
}

#[test]
fn a_log_without_its_file_is_noticed_and_nothing_is_made() {
    let killed = Killed::new();
    std::fs::remove_file(killed.file("")).unwrap();
    let stderr = Said::refusal(killed.directory.path(), &format!("sqlite://{}", killed.file("").display()), &[]);
    assert!(
        stderr.contains(&killed.file("-wal").display().to_string()) && stderr.contains("put that back"),
        "{stderr}"
    );
    assert!(!killed.file("").exists());
}

#[test]
fn doctor_is_content_without_a_database_only_where_a_start_would_make_it() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let doctor = |data_dir: &Path, url: Option<&str>| Said::by(program(data_dir, url).arg("doctor"));
    let sqlite = |file: &Path| format!("sqlite://{}", file.display());
    std::fs::create_dir(at("volume")).unwrap();
    for said in
        [doctor(&at("deep/new"), None), doctor(&at("volume"), None), doctor(&at("x"), Some(&sqlite(&at("new.db"))))]
    {
        assert!(said.succeeded && said.stdout.contains("none yet, SQLite "), "{}{}", said.stdout, said.stderr);
        assert!(said.stdout.ends_with("`uptrakit-server migrate`, makes it\n"), "{}", said.stdout);
    }
    std::fs::write(at("empty.db"), "").unwrap();
    let said = doctor(&at("x"), Some(&sqlite(&at("empty.db"))));
    assert!(
        said.succeeded && said.stdout.contains("empty.db: it is there and empty"),
        "{}{}",
        said.stdout,
        said.stderr
    );

    let forbidden = format!("{}?mode=rw", sqlite(&at("gone.db")));
    std::fs::write(at("volume/uptrakit.db.old"), "").unwrap();
    std::fs::write(at("file"), "").unwrap();
    for (data_dir, url, parts) in [
        (at("x"), Some(forbidden), ["database_url", "there is no database at"]),
        (at("x"), Some(sqlite(&at("nowhere/up.db"))), ["database_url", "make the directory first"]),
        (at("volume"), None, ["there is no database at", "uptrakit.db.old is left beside it; put the database back"]),
        (at("file/below"), None, ["The data directory", "what is there is no directory"]),
    ] {
        let said = doctor(&data_dir, url.as_deref());
        assert!(!said.succeeded && !said.stdout.contains("none yet"), "{url:?}: {}", said.stdout);
        assert!(parts.iter().all(|part| said.stderr.contains(part)), "{url:?}: {}", said.stderr);
        assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
        if !parts[1].contains("left beside") {
            let start = Said::by(program(&data_dir, url.as_deref()).arg("migrate"));
            assert!(said.stderr.ends_with(&start.stderr) && !start.succeeded, "{}{}", said.stderr, start.stderr);
        }
    }
    assert!(!at("deep").exists() && !at("gone.db").exists() && !at("new.db").exists(), "something was made");
}

#[test]
fn doctor_and_a_start_refuse_a_place_where_they_may_write_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let Some(mut doctor) = unprivileged(directory.path()) else { return };
    let said = Said::by(doctor.arg("doctor"));
    assert!(!said.succeeded && said.stderr.contains("Permission denied; the user that runs this"), "{}", said.stderr);
    let said = Said::by(unprivileged(&directory.path().join("new")).unwrap().arg("doctor"));
    assert!(!said.succeeded && said.stderr.contains("can't be made: Permission denied; make it"), "{}", said.stderr);
}
