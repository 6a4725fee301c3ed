//! The log of the program itself: what is in it, and that nothing happens to requests when it can't be written.

use std::{
    fs::OpenOptions,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    process::{Process, add_root, program, start_with},
    support::report,
};

/// More than any answer here takes.
const LONGEST: Duration = Duration::from_secs(30);

fn start(mut command: Command, stderr: impl Into<Stdio>) -> Process {
    let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
    let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let address = first.strip_prefix("Uptrakit is listening on http://").unwrap().to_owned();
    Process::at(child, address)
}

/// Has another program hold the SQLite file, so that writes are answered 503.
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
    let log = log_of(directory.path());
    let failed: Vec<&Value> = log.iter().filter(|line| line["message"] == "request failed").collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["request_id"], problem["request_id"]);
    assert_eq!(failed[0]["route"], "/rpc/sign_in");
    assert!(failed[0]["cause"].as_str().unwrap().contains("locked"), "{failed:?}");
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// How many lines of the log the program says it has dropped.
fn dropped(process: &Process, metrics: SocketAddr) -> u64 {
    let measured = process.measured(metrics);
    let count = measured.lines().find_map(|line| line.strip_prefix("uptrakit_log_lines_dropped_total "));
    count.unwrap_or_else(|| panic!("it is not counted: {measured}")).trim().parse().unwrap()
}

/// Requests are answered, failed ones too, and last uses are still written.
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
    // Until the pipe and the buffer are full.
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
