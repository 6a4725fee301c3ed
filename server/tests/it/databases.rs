//! Contract, section 7: what the database must be and be able to do, and how it is refused when it isn't.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use uptrakit_server::store::{Store, database_url::plain};

use crate::{
    process::program,
    support::{
        TestServer,
        link::{Link, Wire},
    },
};

/// What one run of the program said.
struct Said {
    succeeded: bool,
    stdout: String,
    stderr: String,
}

impl Said {
    fn by(command: &mut Command) -> Self {
        let output = command.env("UPTRAKIT_LOG", "off").stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { succeeded: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The program with a database that it must refuse. It would serve for ever, did it not.
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

/// Where nothing listens.
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
        let place = format!("Postgres database up at {address}, as ada: connection refused");
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
        "The setting database_url names no database that can be used: SQLite file /nowhere/at/all.db: No such file or \
         directory\n"
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
    assert!(stderr.contains("text.db"), "{stderr}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_lets_nobody_in_says_why() {
    let Some(server) = TestServer::postgres().await else {
        eprintln!("left out: UPTRAKIT_TEST_POSTGRES_URL is not set; cargo xtask test sets it");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let address = server.postgres_address();
    let url = format!("postgres://nobody_{}:secret@{address}/{}", server.database(), server.database());
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
    let Some(server) = TestServer::postgres().await else {
        eprintln!("left out: UPTRAKIT_TEST_POSTGRES_URL is not set; cargo xtask test sets it");
        return;
    };
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
            Err(error) => causes.push(plain(&error)),
        }
    }
    link.set(Wire::Whole);
    held.clear();
    server.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", server.database())).await;
    while !causes.iter().any(|cause| cause.contains("takes no writes")) {
        assert!(causes.len() < 40, "{causes:?}");
        match store.read().await {
            Ok(reader) => held.push(reader),
            Err(error) => causes.push(plain(&error)),
        }
    }
    assert!(!causes.iter().any(|cause| cause.contains("pool")), "{causes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_settings_by_which_acknowledged_revokes_can_be_lost() {
    let Some(server) = TestServer::postgres().await else {
        eprintln!("left out: UPTRAKIT_TEST_POSTGRES_URL is not set; cargo xtask test sets it");
        return;
    };
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
