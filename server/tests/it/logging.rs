//! The log of the program itself: what it contains, and that requests are answered when it can't be written.

use std::{
    fs::OpenOptions,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, middleware, routing::get};
use serde_json::{Value, json};
use uptrakit_core::jobs::outage;
use uptrakit_server::{App, http::layer::request_context::request_context};

use crate::{
    process::{Process, add_root, program, start_with},
    support::{PASSWORD, TestServer, proxy::find, report},
};

/// No answer here takes longer.
const LONGEST: Duration = Duration::from_secs(30);

fn start(mut command: Command, stderr: impl Into<Stdio>) -> Process {
    let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
    let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let address = first.strip_prefix("Uptrakit is listening on http://").unwrap().to_owned();
    Process::at(child, address)
}

/// Another program that holds the lock of the SQLite file, so that writes are answered 503.
struct Held(Option<tokio::runtime::Runtime>, Option<sqlx::SqliteConnection>);

impl Held {
    fn hold(directory: &Path) -> Self {
        use sqlx::{Connection as _, Executor as _};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = format!("sqlite://{}", directory.join("uptrakit.db").display());
        let conn = runtime.block_on(async {
            let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
            conn.execute("BEGIN EXCLUSIVE").await.unwrap();
            conn
        });
        Self(Some(runtime), Some(conn))
    }

    fn give_back(mut self) {
        use sqlx::Connection as _;
        let (runtime, conn) = (self.0.take().unwrap(), self.1.take().unwrap());
        runtime.block_on(conn.close()).unwrap();
    }
}

fn log_of(directory: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(directory.join("log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn wait_for(what: &str, mut found: impl FnMut() -> bool) {
    let began = Instant::now();
    while !found() {
        assert!(began.elapsed() < LONGEST, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_outage_is_told_once_with_its_request_and_then_counted_and_its_end_is_told() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let settings = [("UPTRAKIT_LOG", ""), ("UPTRAKIT_LOG_FORMAT", "json")];
    let process = start_with(directory.path(), None, &settings);
    let token = process.first_token();
    let held = Held::hold(directory.path());
    let ids: Vec<String> = (0..2)
        .map(|_| {
            let (status, problem) =
                process.with_token("POST", "/hosts/report", &token, &report("m").to_string()).unwrap();
            assert_eq!(status, 503);
            problem["request_id"].as_str().unwrap().to_owned()
        })
        .collect();
    held.give_back();
    let recovered = |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("database recovered"));
    wait_for("the recovery", || log_of(directory.path()).iter().any(recovered));
    let log = log_of(directory.path());
    let failed: Vec<&Value> = log.iter().filter(|line| line["message"] == "request failed").collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["request_id"], json!(ids[0]));
    assert_eq!(failed[0]["level"], "ERROR");
    assert_eq!(failed[0]["method"], "POST");
    assert_eq!(failed[0]["route"], "/api/v1/hosts/report");
    assert_eq!(failed[0]["status"], 503);
    assert!(failed[0]["cause"].as_str().unwrap().contains("locked"), "{failed:?}");
    let end = log.iter().find(|line| recovered(line)).unwrap()["message"].as_str().unwrap();
    assert!(end.contains("2 requests were answered 503"), "{end}");
    // The requests took ten seconds: no task and no library logs more than a line or two in that time.
    let said = log.iter().filter(|line| line["level"] != "INFO").count();
    assert!(said < 12, "{log:?}");
}

#[test]
fn a_failed_request_of_the_page_is_in_the_log_with_its_cause() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let settings = [("UPTRAKIT_LOG", ""), ("UPTRAKIT_LOG_FORMAT", "json")];
    let process = start_with(directory.path(), None, &settings);
    let held = Held::hold(directory.path());
    let body = json!({ "request": { "login": "root", "password": crate::support::PASSWORD } }).to_string();
    let (status, _, text) = process.ask("POST", "//rpc/sign_in", "sec-fetch-site: same-origin\r\n", &body).unwrap();
    held.give_back();
    assert_eq!(status, 503, "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    // A thread of its own writes the log.
    let is_failure = |line: &Value| line["message"] == "request failed";
    wait_for("its line", || log_of(directory.path()).iter().any(is_failure));
    let log = log_of(directory.path());
    let failed: Vec<&Value> = log.iter().filter(|line| is_failure(line)).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["request_id"], problem["request_id"]);
    assert_eq!(failed[0]["route"], "/rpc/sign_in");
    assert!(failed[0]["cause"].as_str().unwrap().contains("locked"), "{failed:?}");
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Returns the number of log lines that the program reports as dropped.
fn dropped(process: &Process, metrics: SocketAddr) -> u64 {
    let measured = process.measured(metrics);
    let count = measured.lines().find_map(|line| line.strip_prefix("uptrakit_log_lines_dropped_total "));
    count.unwrap_or_else(|| panic!("it is not counted: {measured}")).trim().parse().unwrap()
}

/// Checks that requests are answered, failed ones too, and that last uses are still written.
fn serves(process: &Process, directory: &Path) {
    let token = process.first_token();
    for _ in 0..50 {
        assert_eq!(process.with_token("GET", "/auth/me", &token, "").unwrap().0, 200);
    }
    let held = Held::hold(directory);
    assert_eq!(process.with_token("POST", "/hosts/report", &token, &report("m").to_string()).unwrap().0, 503);
    held.give_back();
    wait_for("a last use", || {
        let (status, page) = process.with_token("GET", "/auth/api-tokens", &token, "").unwrap();
        assert_eq!(status, 200);
        page["items"][0]["last_used_at"].is_string()
    });
}

#[test]
fn a_log_on_a_full_disk_fails_no_request_and_no_task_and_its_lost_lines_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("left out: there is no /dev/full here");
        return;
    };
    let metrics = free_address();
    let mut command = program(directory.path(), None);
    command.env("UPTRAKIT_METRICS_LISTEN", metrics.to_string());
    let process = start(command, full);
    serves(&process, directory.path());
    assert!(dropped(&process, metrics) > 0);
}

#[test]
fn a_log_whose_reader_is_gone_fails_no_request_and_no_task() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    serves(&start(program(directory.path(), None), writer), directory.path());
}

#[test]
fn a_log_whose_reader_has_stalled_holds_up_no_request_and_tells_what_was_lost() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let (mut reader, writer) = std::io::pipe().unwrap();
    let metrics = free_address();
    let mut command = program(directory.path(), None);
    command.env("UPTRAKIT_METRICS_LISTEN", metrics.to_string());
    let mut process = start(command, writer);
    // This goes on until the pipe and the buffer are full.
    wait_for("a dropped line", || {
        for _ in 0..500 {
            assert_eq!(process.ask("GET", "//healthz", "", "").unwrap().0, 200);
        }
        dropped(&process, metrics) > 0
    });
    serves(&process, directory.path());
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        reader.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    std::thread::sleep(Duration::from_secs(1));
    process.signal("TERM");
    assert!(process.child.wait().unwrap().success());
    let text = reading.join().unwrap();
    assert!(text.contains("lines of the log were dropped"), "{} bytes without it", text.len());
}

/// Captures the lines that this process itself logs.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// Captures what this thread logs, at the default level, until the guard is dropped.
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let captured = Self::default();
        let writer = captured.clone();
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_max_level(tracing::Level::INFO);
        let guard = tracing::subscriber::set_default(lines.with_writer(move || writer.clone()).finish());
        (captured, guard)
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn wait_for(&self, part: &str) -> Value {
        let began = Instant::now();
        loop {
            if let Some(line) = self.lines().into_iter().find(|line| line["message"].as_str().unwrap().contains(part)) {
                return line;
            }
            assert!(began.elapsed() < LONGEST, "{part} does not come: {:?}", self.lines());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Returns a server on each database, whose tasks run on the thread of the test.
async fn servers() -> Vec<TestServer> {
    let mut servers = vec![TestServer::sqlite().await];
    if let Some(server) = TestServer::postgres().await {
        servers.push(server);
    }
    servers
}

/// From here on every statement fails at once.
async fn lose_database(server: &TestServer) {
    // The verifier holds a connection, and closing would wait for it.
    server.app.verifier.release();
    tokio::time::timeout(LONGEST, server.app.store.close()).await.expect("the database closes");
}

#[tokio::test]
async fn a_long_outage_is_counted_at_its_period() {
    for server in servers().await {
        let (captured, _guard) = Captured::begin();
        let app = &server.app;
        assert!(app.outage.fail(), "the first failed request has a line of its own");
        for _ in 0..3 {
            assert!(!app.outage.fail());
        }
        lose_database(&server).await;
        let count_every = Duration::from_millis(50);
        tokio::select! {
            () = outage::follow(app, Duration::from_millis(10), count_every) => unreachable!(),
            line = captured.wait_for("the database still can't answer") => {
                assert_eq!(line["level"], "ERROR");
                let message = line["message"].as_str().unwrap();
                assert!(message.contains("; 3 more requests were answered 503"), "{message}");
            }
        }
        // No request has failed since, so that there is nothing to count.
        tokio::select! {
            () = outage::follow(app, Duration::from_millis(10), count_every) => unreachable!(),
            () = tokio::time::sleep(count_every * 10) => {}
        }
        let counts = |line: &&Value| line["message"].as_str().unwrap().contains("still can't answer");
        assert_eq!(captured.lines().iter().filter(counts).count(), 1);
    }
}

#[tokio::test]
async fn last_uses_that_cannot_be_written_are_told_once() {
    for server in servers().await {
        let root = server.with_root().await;
        let (_, token) = root.new_token(json!({ "name": "ci" })).await;
        let (captured, _guard) = Captured::begin();
        server.bearer(&token).get("/auth/me").await.ok(200);
        lose_database(&server).await;
        captured.wait_for("last uses can't be written now").await;
        // The task runs four more rounds in this time.
        tokio::time::sleep(Duration::from_millis(2_200)).await;
        let failed = |line: &&Value| line["message"].as_str().unwrap().contains("can't be written now");
        let lines = captured.lines();
        assert_eq!(lines.iter().filter(failed).count(), 1, "{lines:?}");
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_is_a_500_with_a_line_and_without_its_text() {
    for server in servers().await {
        let (captured, _guard) = Captured::begin();
        let broken = Router::new()
            .route("/api/v1/broken", get(async || -> &'static str { panic!("a secret place") }))
            .layer(middleware::from_fn_with_state(App(server.app.clone()), request_context));
        let reply = server.anonymous().through(broken).get("/broken").await;
        let problem = reply.refused(500, "internal");
        assert!(!reply.text.contains("secret"), "{}", reply.text);
        let line = captured.wait_for("request failed").await;
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["request_id"], problem["request_id"]);
        assert_eq!(line["method"], "GET");
        assert_eq!(line["status"], 500);
        assert_eq!(line["cause"], "a secret place");
        server.anonymous().get("//readyz").await;
    }
}

#[tokio::test]
async fn a_revoke_is_told_with_the_token_and_by_whom() {
    for server in servers().await {
        let root = server.with_root().await;
        let account = root.get("/auth/me").await.ok(200)["id"].clone();
        let (by_session, _) = root.new_token(json!({ "name": "one" })).await;
        let (itself, text) = root.new_token(json!({ "name": "two" })).await;
        let (rotated, _) = root.new_token(json!({ "name": "three" })).await;
        let (captured, _guard) = Captured::begin();
        root.delete(&format!("/auth/api-tokens/{by_session}")).await.ok(204);
        // A second revoke changes nothing.
        root.delete(&format!("/auth/api-tokens/{by_session}")).await.ok(204);
        server.bearer(&text).delete("/auth/api-tokens/current").await.ok(204);
        root.post(&format!("/auth/api-tokens/{rotated}/rotate"), json!({})).await.ok(201);
        server.add_user("ada", "viewer").await;
        let ada = server.sign_in("ada").await.get("/auth/me").await.ok(200)["id"].clone();
        root.patch(&format!("/users/{}", ada.as_str().unwrap()), json!({ "active": false })).await.ok(200);
        let body = json!({ "current_password": PASSWORD, "new_password": format!("{PASSWORD} or dawn"), "end_other_sessions": false, "revoke_tokens": true });
        root.put("/auth/password", body).await;
        let told: Vec<_> = captured.lines().into_iter().filter(|line| line["by"] == account).collect();
        let whats: Vec<_> = told.iter().map(|line| line["message"].as_str().unwrap()).collect();
        let expected = [
            "token revoked",
            "token revoked",
            "token rotated; the old secret is revoked",
            "account deactivated; its tokens are refused",
            "all tokens of an account revoked",
        ];
        assert_eq!(whats, expected);
        assert_eq!(told[0]["token_id"], json!(by_session));
        assert_eq!((&told[1]["token_id"], &told[1]["by_token_id"]), (&json!(itself), &json!(itself)));
        assert_eq!(told[2]["token_id"], json!(rotated));
        assert_eq!(told[3]["account_id"], ada);
        for line in &told {
            assert_eq!((&line["by_username"], &line["address"]), (&json!("root"), &json!("127.0.0.1")));
            assert!(line["request_id"].is_string() && line["level"] == "INFO");
        }
    }
}

#[tokio::test]
async fn a_refused_origin_is_told_with_the_one_expected_and_does_not_flood() {
    let server = TestServer::sqlite().await;
    server.with_root().await;
    let (captured, _guard) = Captured::begin();
    let login = json!({ "login": "root", "password": PASSWORD }).to_string();
    for _ in 0..20 {
        for path in ["/auth/sessions", "/rpc/sign_in"] {
            let request = server
                .anonymous()
                .request(http::Method::POST, path)
                .header("content-type", "application/json")
                .header("origin", "http://10.0.0.7:8080");
            server.anonymous().send(request, login.clone()).await.refused(403, "cross-origin");
        }
    }
    let lines = captured.lines();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(line["level"], "WARN");
    assert_eq!(
        (&line["origin"], &line["expected"]),
        (&json!("http://10.0.0.7:8080"), &json!(crate::support::PUBLIC_URL))
    );
    assert_eq!(line["address"], "127.0.0.1");
}

#[test]
fn the_ids_that_a_trusted_proxy_gave_a_request_are_in_its_answer_and_its_lines_and_those_of_others_are_not() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    for proxies in ["127.0.0.0/8", "10.0.0.0/8"] {
        let directory = tempfile::tempdir().unwrap();
        assert!(add_root(directory.path(), None).status.success());
        let settings = [("UPTRAKIT_LOG", ""), ("UPTRAKIT_LOG_FORMAT", "json"), ("UPTRAKIT_TRUSTED_PROXIES", proxies)];
        let process = start_with(directory.path(), None, &settings);
        let token = process.first_token();
        let body = json!({ "login": "root", "password": "wrong" }).to_string();
        let answered = |id: &str| {
            let headers = format!("x-request-id: {id}\r\ntraceparent: 00-{TRACE}-00f067aa0aa902b7-01\r\n");
            let (status, head, body) = process.ask("POST", "/auth/sessions", &headers, &body).unwrap();
            assert_eq!(status, 401);
            let told = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned();
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(problem["request_id"], json!(told));
            told
        };
        let ids = [answered("of-the-proxy"), answered(&token), answered("a b")];
        let is_failure = |line: &Value| line["message"] == "sign-in failed";
        let count = || log_of(directory.path()).into_iter().filter(is_failure).count();
        wait_for("the last line", || count() == ids.len());
        let log = log_of(directory.path());
        let failed: Vec<_> = log.iter().filter(|line| is_failure(line)).collect();
        assert_eq!(failed.len(), ids.len());
        let is_trusted = proxies == "127.0.0.0/8";
        for (line, id) in failed.iter().zip(&ids) {
            assert_eq!(line["request_id"], json!(id));
            assert_eq!(line["trace_id"], if is_trusted { json!(TRACE) } else { Value::Null });
        }
        assert_eq!(ids[0] == "of-the-proxy", is_trusted, "{ids:?}");
        for made in &ids[1..] {
            assert_eq!(made.len(), 21, "{made}");
        }
        assert!(!std::fs::read_to_string(directory.path().join("log")).unwrap().contains(&token[4..34]));
    }
}

const FAIL2BAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations/fail2ban");

/// Returns the expressions of the documented filter for fail2ban, the one for text first.
fn fail2ban_patterns() -> Vec<regex::Regex> {
    let filter = std::fs::read_to_string(Path::new(FAIL2BAN).join("filter.d/uptrakit.conf")).unwrap();
    let (_, rest) = filter.split_once("\n_prefix = ").unwrap();
    let (prefix, rest) = rest.split_once('\n').unwrap();
    let (_, rest) = rest.split_once("failregex = ").unwrap();
    let (patterns, _) = rest.split_once("ignoreregex").unwrap();
    // `<ADDR>` stands for a group that matches an IPv4 or IPv6 address.
    let pattern = |line: &str| {
        let line = line.trim().replace("%(_prefix)s", prefix).replace("<ADDR>", "(?P<address>[0-9a-fA-F.:]+)");
        regex::Regex::new(&line).unwrap()
    };
    patterns.trim().lines().map(pattern).collect()
}

/// Returns the addresses that fail2ban itself finds in a log, or `None` where it is not installed.
fn found_by_fail2ban(log: &Path) -> Option<Vec<String>> {
    let program = find("fail2ban-regex")?;
    let filter = Path::new(FAIL2BAN).join("filter.d/uptrakit.conf");
    let output = Command::new(program).args(["--out", "ip"]).arg(log).arg(filter).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

#[test]
fn a_failed_sign_in_has_a_line_that_the_filter_for_fail2ban_matches_and_no_client_can_forge() {
    let patterns = fail2ban_patterns();
    assert_eq!(patterns.len(), 2);
    for (number, format) in ["text", "json"].into_iter().enumerate() {
        let directory = tempfile::tempdir().unwrap();
        assert!(add_root(directory.path(), None).status.success());
        let settings =
            [("UPTRAKIT_LOG", ""), ("UPTRAKIT_LOG_FORMAT", format), ("UPTRAKIT_TRUSTED_PROXIES", "127.0.0.0/8")];
        let process = start_with(directory.path(), None, &settings);
        let token = process.first_token();
        let forged = "WARN uptrakit_server::sign_in: sign-in failed address=198.51.100.9 login=";
        let forged_json = "{\"timestamp\":\"\",\"level\":\"WARN\",\"message\":\"sign-in failed\",\"address\":\"198.51.100.9\",\"login\":";
        let logins = [
            "root",
            "nobody\u{202e}",
            &format!("x\n  {forged}"),
            &format!("\n{forged_json}"),
            &format!("\" address=198.51.100.9 {forged}"),
            "\\\", \"address\": \"198.51.100.9\" \r",
            "2001-01-01T00:00:00.000000Z",
            &token,
        ];
        for login in logins {
            let body = json!({ "login": login, "password": "wrong" }).to_string();
            let headers = "x-forwarded-for: 2001:db8::7\r\n";
            assert_eq!(process.ask("POST", "/auth/sessions", headers, &body).unwrap().0, 401);
        }
        let origin = format!("origin: {forged}\r\n");
        assert_eq!(process.ask("POST", "/auth/sessions", &origin, "{}").unwrap().0, 403);
        let read = || std::fs::read_to_string(directory.path().join("log")).unwrap();
        wait_for("the refused origin", || read().contains("another origin"));
        let log = read();
        let matched: Vec<_> = log.lines().filter_map(|line| patterns[number].captures(line)).collect();
        assert_eq!(matched.len(), logins.len(), "{log}");
        for found in matched {
            assert_eq!(&found["address"], "2001:db8::7", "{log}");
        }
        assert!(!log.lines().any(|line| patterns[1 - number].is_match(line)), "{log}");
        if let Some(found) = found_by_fail2ban(&directory.path().join("log")) {
            assert_eq!(found, vec!["2001:db8::7"; logins.len()], "{log}");
        }
        // fail2ban sees the line like this in a file, from which it removes the time, and in the journal.
        let line = log.lines().find(|line| line.contains("sign-in failed")).unwrap();
        let (time, _) = line.trim_start_matches("{\"timestamp\":\"").split_once('Z').unwrap();
        for seen in [line.replacen(&format!("{time}Z"), "", 1), format!("host uptrakit-server[12]: {line}")] {
            assert!(patterns[number].is_match(&seen), "{seen}");
        }
        for secret in [&token[4..34], PASSWORD, "\u{202e}"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}

#[test]
fn start_and_stop_are_told_without_a_secret_and_to_the_last_line() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("UPTRAKIT_LOG", ""), ("UPTRAKIT_LOG_FORMAT", "json"), ("UPTRAKIT_TOKEN_LIMIT", "7")];
    let mut process = start_with(directory.path(), None, &settings);
    process.signal("TERM");
    assert!(process.child.wait().unwrap().success());
    let log = log_of(directory.path());
    let messages: Vec<_> = log.iter().map(|line| line["message"].as_str().unwrap()).collect();
    let expected = [
        "Uptrakit is starting",
        "the database is up to date",
        "Uptrakit is listening",
        "Uptrakit is stopping",
        "Uptrakit has stopped",
    ];
    assert_eq!(messages, expected);
    assert_eq!(log[0]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(log[0]["database"], json!(format!("SQLite {}", directory.path().join("uptrakit.db").display())));
    let changed = "listen=127.0.0.1:0, log_format=json, token_limit=7";
    assert_eq!(log[0]["changed_settings"], changed);
    assert!(log[1]["applied"].as_str().unwrap().starts_with("1 2 3"));
    assert_eq!(log[2]["address"], json!(process.address));
    assert_eq!(log[3]["signal"], "SIGTERM");
    let text = std::fs::read_to_string(directory.path().join("log")).unwrap();
    assert!(!text.contains("code="), "the link that makes the first administrator is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_of_the_database_is_not_in_the_log() {
    let Some(server) = TestServer::postgres().await else { return };
    tokio::task::block_in_place(|| {
        let directory = tempfile::tempdir().unwrap();
        let (user, rest) = server.url.split_once('@').unwrap();
        let (scheme, user) = user.split_once("://").unwrap();
        let (name, password) = user.split_once(':').unwrap_or((user, "opensesame"));
        let url = format!("{scheme}://{name}:{password}@{rest}");
        let settings = [("UPTRAKIT_LOG_FORMAT", "json")];
        let mut process = start_with(directory.path(), Some(&url), &settings);
        process.signal("TERM");
        assert!(process.child.wait().unwrap().success());
        let text = std::fs::read_to_string(directory.path().join("log")).unwrap();
        let place = format!("Postgres {}/{} as {name}", server.postgres_address(), server.database());
        assert!(text.contains(&place), "{text}");
        assert!(!text.contains(password), "{text}");
    });
}

/// Starts the program with a standard output on which no line is read, and waits until it serves.
fn start_silently(directory: &Path, stdout: impl Into<Stdio>) -> Process {
    let address = free_address();
    let log = OpenOptions::new().create(true).append(true).open(directory.join("log")).unwrap();
    let mut command = program(directory, None);
    command.env("UPTRAKIT_LISTEN", address.to_string()).env("UPTRAKIT_LOG", "").stdout(stdout).stderr(log);
    let process = Process::at(command.spawn().unwrap(), address.to_string());
    wait_for("the server", || process.ask("GET", "//readyz", "", "").is_ok_and(|(status, ..)| status == 200));
    process
}

#[test]
fn a_server_whose_standard_output_cannot_be_written_serves_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("left out: there is no /dev/full here");
        return;
    };
    let process = start_silently(directory.path(), full);
    let log = || std::fs::read_to_string(directory.path().join("log")).unwrap();
    wait_for("the warning", || log().contains("the link to create the first account is lost"));
    assert!(log().contains("standard output can't be written"));
    assert!(!log().contains("code="), "the link that makes the first administrator is in the log");
    assert_eq!(process.ask("GET", "//readyz", "", "").unwrap().0, 200);
}

#[test]
fn a_server_serves_and_stops_though_the_reader_of_its_standard_output_has_stalled() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let (_reader, mut writer) = std::io::pipe().unwrap();
    // This fills the pipe, however large it is.
    let mut filler = writer.try_clone().unwrap();
    let (filled, progress) = std::sync::mpsc::channel();
    std::thread::spawn(move || while filler.write_all(&[b'\n'; 4_096]).is_ok() && filled.send(()).is_ok() {});
    while progress.recv_timeout(Duration::from_secs(1)).is_ok() {}
    writer.flush().unwrap();
    let mut process = start_silently(directory.path(), writer);
    process.signal("TERM");
    assert!(process.child.wait().unwrap().success());
}

#[test]
fn a_probe_that_fails_on_the_listener_for_metrics_leaves_its_line() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let metrics = free_address();
    let settings =
        [("UPTRAKIT_LOG", ""), ("UPTRAKIT_LOG_FORMAT", "json"), ("UPTRAKIT_METRICS_LISTEN", &metrics.to_string())];
    let process = start_with(directory.path(), None, &settings);
    let listener = |path: &str| {
        let mut stream = TcpStream::connect(metrics).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", process.address).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    assert!(listener("/readyz").starts_with("HTTP/1.1 200"));
    let held = Held::hold(directory.path());
    let answer = listener("/readyz");
    held.give_back();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let problem: Value = serde_json::from_str(body).unwrap();
    let failed = |line: &Value| line["message"] == "request failed";
    wait_for("its line", || log_of(directory.path()).iter().any(failed));
    let log = log_of(directory.path());
    let line = log.iter().find(|line| failed(line)).unwrap();
    assert_eq!(line["request_id"], problem["request_id"]);
    assert_eq!((&line["route"], &line["status"]), (&json!("/readyz"), &json!(503)));
    assert!(line["cause"].is_string());
}

#[test]
fn the_end_waits_for_the_last_lines_to_be_read() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut process = start(program(directory.path(), None), writer);
    // This is more than the pipe holds, and less than the buffer in memory.
    let mut written = 0;
    while written < 200_000 {
        let path = format!("//{}", "none/".repeat(200));
        process.ask("GET", &path, "", "").unwrap();
        written += path.len();
    }
    process.signal("TERM");
    // The server has closed its database; only the log delays its exit.
    let wal = directory.path().join("uptrakit.db-wal");
    wait_for("the end of the database", || !wal.exists());
    std::thread::sleep(Duration::from_millis(100));
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(process.child.wait().unwrap().success());
    let last = text.lines().last().unwrap();
    assert!(last.contains("Uptrakit has stopped"), "{} bytes, and at the end: {last}", text.len());
}
