//! Tests the program itself: it is started, asked over the network, killed, stopped, and used at its terminal.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::PASSWORD;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_uptrakit-server");

pub struct Process {
    pub child: Child,
    pub address: String,
    /// The program printed this after its first line.
    second_line: Option<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the program with settings of a test of its own.
pub fn program(directory: &Path, database: Option<&str>) -> Command {
    settings_for(Command::new(PROGRAM), directory, database)
}

pub fn settings_for(mut command: Command, directory: &Path, database: Option<&str>) -> Command {
    command
        .env_clear()
        .env("UPTRAKIT_DATA_DIR", directory)
        .env("UPTRAKIT_LISTEN", "127.0.0.1:0")
        .env("UPTRAKIT_LOG", "trace");
    if let Some(url) = database {
        command.env("UPTRAKIT_DATABASE_URL", url);
    }
    command
}

pub fn start(directory: &Path, database: Option<&str>) -> Process {
    start_with(directory, database, &[])
}

pub fn start_with(directory: &Path, database: Option<&str>, more: &[(&str, &str)]) -> Process {
    let mut command = program(directory, database);
    command.envs(more.iter().copied());
    start_command(command, directory)
}

/// Starts the program so that a write past the largest size of a file is an error, and not a signal that ends the
/// program.
pub fn start_with_limited_files(directory: &Path) -> Process {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\"", PROGRAM]);
    start_command(settings_for(shell, directory, None), directory)
}

fn start_command(mut command: Command, directory: &Path) -> Process {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(directory.join("log")).unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("Uptrakit is listening on http://").unwrap().to_owned();
    let has_account = directory.join("account").exists();
    let second_line = if has_account { None } else { lines.next().map(Result::unwrap) };
    Process { child, address, second_line }
}

pub fn add_root(directory: &Path, database: Option<&str>) -> Output {
    add_root_with(directory, database, PASSWORD.as_bytes())
}

fn add_root_with(directory: &Path, database: Option<&str>, input: &[u8]) -> Output {
    let mut command = program(directory, database);
    command.args(["user", "add", "root", "--email", "root@example.org", "--role", "administrator", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    std::fs::write(directory.join("account"), "").unwrap();
    child.wait_with_output().unwrap()
}

impl Process {
    /// Wraps a program that a test has started itself.
    pub fn at(child: Child, address: String) -> Self {
        Self { child, address, second_line: None }
    }

    /// Sends a request on a connection of its own and returns status, head and body. A path that begins with two
    /// slashes is not below the path of the API.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<(u16, String, String)> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let length = body.len();
        let path = path
            .strip_prefix('/')
            .filter(|rest| rest.starts_with('/'))
            .map_or_else(|| format!("/api/v1{path}"), str::to_owned);
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}",
            self.address
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok((status, head.to_owned(), body.to_owned()))
    }

    pub fn with_token(&self, method: &str, path: &str, token: &str, body: &str) -> std::io::Result<(u16, Value)> {
        let (status, _, text) = self.ask(method, path, &format!("authorization: Bearer {token}\r\n"), body)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Reads the metrics of the program.
    pub fn measured(&self, address: std::net::SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// Signs in and creates a token.
    pub fn first_token(&self) -> String {
        let login = json!({ "login": "root", "password": PASSWORD }).to_string();
        let (status, head, _) = self.ask("POST", "/auth/sessions", "", &login).unwrap();
        assert_eq!(status, 201);
        let cookie =
            head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().split(';').next().unwrap();
        let headers = format!("cookie: {cookie}\r\nsec-fetch-site: same-origin\r\n");
        let (status, _, body) = self.ask("POST", "/auth/api-tokens", &headers, "{\"name\":\"first\"}").unwrap();
        assert_eq!(status, 201);
        serde_json::from_str::<Value>(&body).unwrap()["token"].as_str().unwrap().to_owned()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

/// The changes that were acknowledged in a run that ends with a kill.
#[derive(Default)]
struct Acknowledged {
    alive: Vec<String>,
    dead: Vec<String>,
}

/// Creates, rotates and revokes until the server is gone.
fn churn(process: &Process, token: &str, run: usize, changes: &AtomicUsize) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    for number in 0.. {
        let name = json!({ "name": format!("{run}-{number}") }).to_string();
        let Ok((201, made)) = process.with_token("POST", "/auth/api-tokens", token, &name) else { break };
        let (id, text) = (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned());
        let path = format!("/auth/api-tokens/{id}");
        if (run + number) % 2 == 1 {
            let Ok((201, rotated)) = process.with_token("POST", &format!("{path}/rotate"), token, "{}") else { break };
            acknowledged.dead.push(text);
            acknowledged.alive.push(rotated["token"].as_str().unwrap().to_owned());
        } else {
            let Ok((204, _)) = process.with_token("DELETE", &path, token, "") else { break };
            acknowledged.dead.push(text);
        }
        changes.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

/// The server is killed this often.
const KILLS: usize = 25;
/// A kill ends this many runs of changes: two hundred in all.
const RUNS: usize = 8;

/// Kills the server in the middle of changes, again and again. Everything that was acknowledged holds after each
/// restart.
fn survive_kills(database: Option<&str>) {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), database).status.success());
    let mut process = start(directory.path(), database);
    let token = process.first_token();
    for kill in 0..KILLS {
        let changes = AtomicUsize::new(0);
        let runs: Vec<_> = std::thread::scope(|scope| {
            let (process, token, changes) = (&process, &token, &changes);
            let runs: Vec<_> = (0..RUNS).map(|run| scope.spawn(move || churn(process, token, run, changes))).collect();
            let began = Instant::now();
            while changes.load(Ordering::Relaxed) <= kill % 7 && began.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(kill as u64 % 5));
            process.signal("KILL");
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(changes.into_inner() > 0, "the kill came before there was anything to lose");
        process = start(directory.path(), database);
        for text in runs.iter().flat_map(|run| &run.dead) {
            let (status, problem) = process.with_token("GET", "/auth/me", text, "").unwrap();
            assert_eq!((status, problem["code"].as_str()), (401, Some("token-revoked")), "a revoke was lost");
        }
        for text in runs.iter().flat_map(|run| &run.alive) {
            assert_eq!(process.with_token("GET", "/auth/me", text, "").unwrap().0, 200, "a token was lost");
            process.with_token("DELETE", "/auth/api-tokens/current", text, "").unwrap();
        }
        // A change that was begun and not acknowledged is whole, either way: the list can be read.
        let (status, page) = process.with_token("GET", "/auth/api-tokens?per_page=100", &token, "").unwrap();
        assert_eq!(status, 200);
        for left in page["items"].as_array().unwrap().iter().filter(|item| item["name"] != "first") {
            process
                .with_token("DELETE", &format!("/auth/api-tokens/{}", left["id"].as_str().unwrap()), &token, "")
                .unwrap();
        }
    }
}

#[test]
fn acknowledged_changes_survive_kills_on_sqlite() {
    survive_kills(None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_changes_survive_kills_on_postgres() {
    if let Some(server) = crate::support::TestServer::postgres().await {
        tokio::task::block_in_place(|| survive_kills(Some(&server.url)));
    }
}

#[test]
fn a_stop_is_quick_and_loses_no_last_use_and_the_log_has_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let mut process = start(directory.path(), None);
    let token = process.first_token();
    assert_eq!(process.with_token("GET", "/hosts", &token, "").unwrap().0, 200);
    let began = Instant::now();
    process.signal("TERM");
    assert!(process.child.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
    let process = start(directory.path(), None);
    let (_, page) = process.with_token("GET", "/auth/api-tokens", &token, "").unwrap();
    assert!(page["items"][0]["last_used_at"].is_string());
    drop(process);
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in [&token.as_bytes()[4..34], PASSWORD.as_bytes()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "a secret is in {}", path.display());
        }
    }
    assert!(std::fs::metadata(directory.path().join("log")).unwrap().len() > 1_000, "the log was not written");
}

/// Uses a token again within the minute in which its uses are not written by themselves, and sends SIGHUP.
fn write_at_hangup(database: Option<&str>) {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), database).status.success());
    let process = start(directory.path(), database);
    let token = process.first_token();
    let last_use = || {
        let (status, page) = process.with_token("GET", "/auth/api-tokens", &token, "").unwrap();
        assert_eq!(status, 200);
        page["items"][0]["last_used_at"].as_str().map(str::to_owned)
    };
    let began = Instant::now();
    let first = loop {
        if let Some(first) = last_use() {
            break first;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the first use is not written");
        std::thread::sleep(Duration::from_millis(20));
    };
    let (began, mut last) = (Instant::now(), first.clone());
    while last == first {
        assert!(began.elapsed() < Duration::from_secs(20), "the second use is not written");
        process.signal("HUP");
        std::thread::sleep(Duration::from_millis(100));
        last = last_use().unwrap();
    }
    assert!(last > first);
}

#[test]
fn a_hangup_writes_last_uses_and_does_not_end_the_server_on_sqlite() {
    write_at_hangup(None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_writes_last_uses_and_does_not_end_the_server_on_postgres() {
    if let Some(server) = crate::support::TestServer::postgres().await {
        tokio::task::block_in_place(|| write_at_hangup(Some(&server.url)));
    }
}

#[test]
fn a_umask_that_takes_all_rights_away_leaves_the_owner_theirs() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("made/for/it");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "umask 0777; exec \"$0\" migrate", PROGRAM]);
    let output = settings_for(shell, &data, None).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (path, mode) in [("made", 0o700), ("made/for", 0o700), ("made/for/it/uptrakit.db", 0o600)] {
        assert_eq!(
            std::fs::metadata(directory.path().join(path)).unwrap().permissions().mode() & 0o777,
            mode,
            "{path}"
        );
    }
    assert!(start(&data, None).second_line.is_some());
}

#[test]
fn the_first_run_link_is_printed_while_there_is_no_account() {
    let directory = tempfile::tempdir().unwrap();
    let process = start(directory.path(), None);
    let link = process.second_line.clone().unwrap();
    let expected = format!("Create the first account: http://{}/setup?code=", process.address);
    assert!(link.starts_with(&expected), "{link}");
}

#[test]
fn people_are_managed_at_the_terminal_while_the_server_runs() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = program(directory.path(), None)
            .env("UPTRAKIT_LOG", "off")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let added = add_root(directory.path(), None);
    assert_eq!(String::from_utf8(added.stdout).unwrap(), "root is added.\n");
    let process = start(directory.path(), None);
    let token = process.first_token();
    assert_eq!(run(&["user", "list"]).1, "root\troot@example.org\tadministrator\tactive\n");
    for arguments in [["user", "deactivate", "root"].as_slice(), &["user", "set-roles", "root", "viewer"]] {
        let (code, _, stderr) = run(arguments);
        assert_eq!(code, Some(1));
        assert!(stderr.contains("last active administrator"), "{stderr}");
    }
    assert_eq!(run(&["user", "set-roles", "root", "operator", "administrator"]).0, Some(0));
    assert_eq!(process.with_token("GET", "/users", &token, "").unwrap().0, 200);
    assert_eq!(run(&["user", "deactivate", "nobody"]).0, Some(1));
    assert_eq!(run(&["doctor"]).0, Some(0));
    let copy = directory.path().join("copy.db");
    assert_eq!(run(&["backup", copy.to_str().unwrap()]).0, Some(0));
    let (code, _, stderr) = run(&["backup", copy.to_str().unwrap()]);
    assert_eq!(code, Some(1), "a backup is never written over something");
    assert!(stderr.contains("exists already"));
    // No file grows beyond a block, as on a full disk.
    let cut = directory.path().join("cut.db");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" backup \"$1\"", PROGRAM]).arg(&cut);
    let failed = settings_for(shell, directory.path(), None).output().unwrap();
    assert!(String::from_utf8(failed.stderr).unwrap().contains("cut.db can't be written"));
    assert!(!cut.exists(), "half a copy is not left to be taken for one");
    let url = format!("sqlite://{}", copy.display());
    let served = start(directory.path(), Some(&url));
    assert_eq!(served.with_token("GET", "/auth/me", &token, "").unwrap().0, 200);
}

#[test]
fn a_password_on_standard_input_may_have_a_mark_and_crlf_and_utf_16_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{PASSWORD}\r\n");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (input, named) in [(&wide[..], "UTF-16"), (&wide[2..], "UTF-16"), (b"seven br\xf6wn owls at dusk", "UTF-8")] {
        let refused = add_root_with(directory.path(), None, input);
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("The password on standard input is ") && stderr.contains(named), "{stderr}");
    }
    let refused = add_root_with(directory.path(), None, format!("{PASSWORD}\nsecond line\n").as_bytes());
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && stderr.contains("more than one line"), "{stderr}");
    let added = add_root_with(directory.path(), None, text.as_bytes());
    assert_eq!(added.status.code(), Some(0), "{}", String::from_utf8_lossy(&added.stderr));
    start(directory.path(), None).first_token();
}

#[test]
fn a_wrong_setting_stops_the_start_with_a_sentence_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    for (name, value, part) in [
        ("UPTRAKIT_LISTEN", "here", "listen"),
        ("UPTRAKIT_PUBLIC_URL", "http://up.example.org", "public_url"),
        ("UPTRAKIT_DATABASE_URL", "mysql://x", "database_url"),
        ("UPTRAKIT_TRUSTED_PROXIES", "x", "trusted_proxies"),
        ("UPTRAKIT_TRUSTED_PROXIES", "10.0.0.1/8", "did you mean 10.0.0.0/8?\n"),
        ("UPTRAKIT_HSTS_INCLUDE_SUBDOMAINS", "yes", "hsts_include_subdomains"),
        ("UPTRAKIT_TOKEN_LIMIT", "many", "token_limit"),
        ("UPTRAKIT_LOG", "=,=", "log"),
        ("UPTRAKIT_LOG", "loud", "log"),
        ("UPTRAKIT_LOG_FORMAT", "xml", "log_format"),
        ("UPTRAKIT_DATABASE_URL", "sqlite::memory:", "database_url"),
        ("UPTRAKIT_DATABASE_URL", "sqlite:///nowhere/at/all.db", "database_url"),
    ] {
        let output = program(directory.path(), None).env("UPTRAKIT_LOG", "off").env(name, value).output().unwrap();
        assert!(!output.status.success(), "{name} was accepted");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(part) && stderr.lines().count() == 1, "{stderr}");
    }
    for value in ["=,=", "info,uptrakit=loud"] {
        let output = program(directory.path(), None).env("UPTRAKIT_LOG", value).output().unwrap();
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!("The setting log is wrong: \"{value}\" is no filter, such as info or uptrakit=debug.\n")
        );
    }
}

#[test]
fn a_flag_goes_over_a_variable_and_a_variable_over_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("uptrakit.toml");
    let file = ["--config", file.to_str().unwrap()];
    std::fs::write(file[1], "token_limit = \"of the file\"\n").unwrap();
    for (variable, before, after, decides) in [
        (None, None, None, "of the file"),
        (Some(""), None, None, "of the file"),
        (Some("of the variable"), None, None, "of the variable"),
        (Some("of the variable"), Some("--token-limit=of the flag"), None, "of the flag"),
        (Some("of the variable"), None, Some("--token-limit=of the flag"), "of the flag"),
    ] {
        let mut command = program(directory.path(), None);
        command.args(file).args(before).arg("doctor").args(after);
        command.envs(variable.map(|value| ("UPTRAKIT_TOKEN_LIMIT", value)));
        let stderr = String::from_utf8(command.output().unwrap().stderr).unwrap();
        let sentence = format!("The setting token_limit is wrong: \"{decides}\" is no whole number.\n");
        assert_eq!(stderr, sentence, "{variable:?} {before:?} {after:?}");
    }
}

#[test]
fn help_shows_every_setting_once_with_its_variable_and_no_value() {
    let directory = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str]| {
        let database = Some("postgres://ada:opensesame@localhost/uptrakit");
        let output = program(directory.path(), database).args(arguments).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        String::from_utf8(output.stdout).unwrap()
    };
    for arguments in [vec!["--help"], vec!["user", "list", "--help"]] {
        let help = help(&arguments);
        assert_eq!(help.matches("[env: UPTRAKIT_").count(), 18, "{help}");
        for (flag, variable) in
            [("--listen", "LISTEN"), ("--token-limit", "TOKEN_LIMIT"), ("--log-format", "LOG_FORMAT")]
        {
            assert_eq!(help.matches(&format!("[env: UPTRAKIT_{variable}]")).count(), 1, "{help}");
            assert_eq!(help.matches(&format!("{flag} <")).count(), 1, "{help}");
        }
        assert!(!help.contains("opensesame"), "{help}");
    }
    assert!(help(&["--help"]).starts_with("Serves Uptrakit: "));
    assert!(help(&["-h"]).contains("--database-url") && !help(&["-h"]).contains("--token-limit"));
}

#[test]
fn a_variable_that_sets_nothing_is_named_in_the_log_at_start_and_by_doctor() {
    let directory = tempfile::tempdir().unwrap();
    let more = [("UPTRAKIT_LOG", "warn"), ("UPTRAKIT_DATABASEURL", "x"), ("UPTRAKIT_TOKEN", "upk_x")];
    let process = start_with(directory.path(), None, &more);
    let doctor = program(directory.path(), None).envs(more).arg("doctor").output().unwrap();
    process.signal("TERM");
    drop(process);
    let named = "the environment variable UPTRAKIT_DATABASEURL sets nothing";
    for text in [std::fs::read(directory.path().join("log")).unwrap(), doctor.stdout] {
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(named) && text.contains("did you mean UPTRAKIT_DATABASE_URL?"), "{text}");
        assert!(!text.contains("UPTRAKIT_TOKEN"), "{text}");
    }
}

#[test]
fn metrics_that_cannot_be_served_stop_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = program(directory.path(), None).env("UPTRAKIT_METRICS_LISTEN", &address).output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "it said that it listens");
    assert!(String::from_utf8(output.stderr).unwrap().contains(&address));
}

#[test]
fn a_mistyped_place_is_told_and_nothing_is_made_there() {
    let directory = tempfile::tempdir().unwrap();
    let typo = directory.path().join("typo");
    for arguments in [["backup", "copy.db"].as_slice(), &["user", "list"], &["user", "deactivate", "root"]] {
        let output = program(&typo, None).args(arguments).current_dir(directory.path()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("data_dir") && stderr.contains("there is no database at"), "{stderr}");
    }
    let doctor = program(&typo, None).arg("doctor").output().unwrap();
    assert!(doctor.status.success() && String::from_utf8(doctor.stdout).unwrap().contains("none yet"));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "something was made");
}

#[test]
fn files_with_password_hashes_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("served.db");
    let url = format!("sqlite://{}", database.display());
    assert!(add_root(directory.path(), Some(&url)).status.success());
    let copy = directory.path().join("copy.db");
    assert!(program(directory.path(), Some(&url)).arg("backup").arg(&copy).output().unwrap().status.success());
    for file in [database, copy] {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut list = program(directory.path(), None);
    list.env("UPTRAKIT_LOG", "off").args(["user", "list"]).stdout(writer).stderr(Stdio::piped());
    let output = list.spawn().unwrap().wait_with_output().unwrap();
    let database = format!("Database: SQLite {}\n", directory.path().join("uptrakit.db").display());
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), database));
}

/// The server must not reset the connection, because the client would then not learn what was wrong.
#[test]
fn a_body_that_is_far_too_large_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let process = start(directory.path(), None);
    let token = process.first_token();
    let body = " ".repeat(10_000_000);
    for _ in 0..10 {
        let (status, answer) = process.with_token("POST", "/auth/api-tokens", &token, &body).unwrap();
        assert_eq!((status, answer["code"].as_str()), (413, Some("too-large")));
        assert_eq!(process.with_token("POST", "/auth/api-tokens", "upk_x", &body).unwrap().0, 401);
    }
}

#[test]
fn a_server_that_stops_hears_of_a_revoke_at_another_one() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let (stopping, other) = (start(directory.path(), None), start(directory.path(), None));
    let token = other.first_token();
    let mut stream = TcpStream::connect(&stopping.address).unwrap();
    write!(
        stream,
        "POST /api/v1/hosts/report HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n",
        stopping.address
    )
    .unwrap();
    // The server has authenticated the caller and waits for the body.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stopping.signal("TERM");
    assert_eq!(other.with_token("DELETE", "/auth/api-tokens/current", &token, "").unwrap().0, 204);
    let began = Instant::now();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(8), "it was told at the very end only");
}
