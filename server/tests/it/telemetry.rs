//! Telemetry over OTLP: what a collector gets, that it has no secret, and that nothing of it runs unless it is asked for.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::{
    process::{Process, add_root, start_with},
    support::{PASSWORD, proxy::free_address, tls::server_config},
};

/// Nothing here takes longer.
const LONGEST: Duration = Duration::from_secs(30);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A request to the collector: its head and its body.
type Received = (String, Vec<u8>);

/// A collector that takes everything.
struct Collector {
    address: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Collector {
    fn start() -> Self {
        Self::listen(take)
    }

    /// Starts one that speaks TLS.
    fn with_certificate(made: &CertifiedKey<KeyPair>) -> Self {
        let config = server_config(made);
        Self::listen(move |stream| take(StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)))
    }

    fn listen(take: impl Fn(TcpStream) -> std::io::Result<Received> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let taken = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that breaks off has stopped.
                if let Ok(request) = take(stream) {
                    taken.lock().unwrap().push(request);
                }
            }
        });
        Self { address, received }
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the bodies that came to a path, one after the other.
    fn bytes(&self, path: &str) -> Vec<u8> {
        let received = self.received.lock().unwrap();
        let start = format!("POST {path} HTTP/1.1\r\n");
        received.iter().filter(|(head, _)| head.starts_with(&start)).flat_map(|(_, body)| body.clone()).collect()
    }

    fn wait_for(&self, path: &str, wanted: &[u8]) {
        let began = Instant::now();
        while !contains(&self.bytes(path), wanted) {
            assert!(began.elapsed() < LONGEST, "{:?} does not come to {path}", String::from_utf8_lossy(wanted));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn take(mut stream: impl Read + Write) -> std::io::Result<Received> {
    let mut bytes = Vec::new();
    let mut part = [0; 16_384];
    let end = loop {
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..count]);
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap_or_else(|| panic!("no length: {head}"));
    let mut body = bytes[end..].to_vec();
    while body.len() < length {
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        body.extend_from_slice(&part[..count]);
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )?;
    Ok((head, body))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn trace_bytes(hex: &str) -> [u8; 16] {
    u128::from_str_radix(hex, 16).unwrap().to_be_bytes()
}

fn log_of(directory: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(directory.join("log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

/// Returns true when threads of OpenTelemetry run in a server. Only Linux tells their names.
fn runs_telemetry(process: &Process) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", process.child.id())).unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.into_iter().any(|name| name.starts_with("OpenTelemetry"))
}

#[test]
fn a_collector_gets_a_span_of_each_request_and_the_metrics_and_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let collector = Collector::start();
    let (endpoint, metrics) = (collector.endpoint(), free_address());
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=opensesame"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=cellar"),
        ("UPTRAKIT_TRUSTED_PROXIES", "127.0.0.0/8"),
        ("UPTRAKIT_METRICS_LISTEN", metrics.as_str()),
        ("UPTRAKIT_LOG", ""),
        ("UPTRAKIT_LOG_FORMAT", "json"),
    ];
    let process = start_with(directory.path(), None, &settings);
    let token = process.first_token();
    let parent = format!("traceparent: 00-{TRACE}-00f067aa0aa902b7-01\r\nx-request-id: of-the-proxy\r\n");
    let with_token = format!("{parent}authorization: Bearer {token}\r\nx-forwarded-for: 198.51.100.23\r\n");
    assert_eq!(process.ask("GET", "/auth/me", &with_token, "").unwrap().0, 200);
    process.ask("GET", &format!("/hosts/{token}"), &with_token, "").unwrap();
    process.ask("GET", &format!("/hosts?q={token}"), &with_token, "").unwrap();
    process.ask(&token.replace('_', "-"), "/hosts", "", "").unwrap();
    assert_eq!(process.ask("GET", "//readyz", "", "").unwrap().0, 200);
    let wrong = json!({ "login": "root", "password": "wrong" }).to_string();
    assert_eq!(process.ask("POST", "/auth/sessions", "", &wrong).unwrap().0, 401);
    assert_eq!(process.with_token("DELETE", "/auth/api-tokens/current", &token, "").unwrap().0, 204);

    for part in [
        "GET /api/v1/auth/me",
        "http.route",
        "http.response.status_code",
        "of-the-proxy",
        "_OTHER",
        "DELETE /api/v1/auth/api-tokens/{id}",
        "service.name",
        "uptrakit",
        "service.instance.id",
        "cellar",
    ] {
        collector.wait_for("/v1/traces", part.as_bytes());
    }
    collector.wait_for("/v1/traces", &trace_bytes(TRACE));
    // A request without a parent begins a trace, and its line in the log names it.
    let log = log_of(directory.path());
    let failed = log.iter().find(|line| line["message"] == "sign-in failed").unwrap();
    collector.wait_for("/v1/traces", &trace_bytes(failed["trace_id"].as_str().unwrap()));
    for name in
        ["uptrakit_request_seconds", "uptrakit_checks_total", "uptrakit_sign_ins_total", "uptrakit_revoke_seconds"]
    {
        collector.wait_for("/v1/metrics", name.as_bytes());
    }
    let measured = process.measured(metrics.parse().unwrap());
    assert!(measured.contains("uptrakit_request_seconds_bucket") && measured.contains("uptrakit_checks_total"));

    assert!(!contains(&collector.bytes("/v1/traces"), b"/readyz"), "a probe has a span");
    for (head, body) in &*collector.received.lock().unwrap() {
        assert!(head.contains("x-key: opensesame"), "{head}");
        for secret in [&token[4..34], &token[..8], "upk_", "upk-", PASSWORD, "198.51.100.23", "127.0.0.1", "root"] {
            assert!(!contains(body, secret.as_bytes()), "{secret} is in what {head} brought");
        }
    }
    let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
    assert!(!log.contains("opensesame") && log.contains("telemetry is sent by OpenTelemetry"), "{log}");
}

#[test]
fn a_stop_sends_what_was_not_sent_yet() {
    let directory = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let mut process = start_with(directory.path(), None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    assert_eq!(process.ask("GET", "/auth/me", "", "").unwrap().0, 401);
    assert!(collector.bytes("/v1/metrics").is_empty(), "the interval is a minute");
    process.signal("TERM");
    assert!(process.child.wait().unwrap().success());
    assert!(contains(&collector.bytes("/v1/traces"), b"GET /api/v1/auth/me"));
    assert!(contains(&collector.bytes("/v1/metrics"), b"uptrakit_database_connections"));
}

#[test]
fn a_collector_that_is_away_delays_nothing_and_is_told_once() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}", free_address());
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
        ("UPTRAKIT_LOG", ""),
        ("UPTRAKIT_LOG_FORMAT", "json"),
    ];
    let mut process = start_with(directory.path(), None, &settings);
    let is_told = |line: &Value| line["message"].as_str().unwrap_or_default().contains("takes no telemetry");
    let began = Instant::now();
    while !log_of(directory.path()).iter().any(is_told) {
        assert!(began.elapsed() < LONGEST, "it is not told");
        assert_eq!(process.ask("GET", "/auth/me", "", "").unwrap().0, 401);
    }
    for _ in 0..50 {
        assert_eq!(process.ask("GET", "/auth/me", "", "").unwrap().0, 401);
    }
    process.signal("TERM");
    assert!(process.child.wait().unwrap().success());
    let log = log_of(directory.path());
    assert_eq!(log.iter().filter(|line| is_told(line)).count(), 1, "{log:?}");
    let of_libraries =
        log.iter().filter(|line| line["target"].as_str().unwrap_or_default().starts_with("opentelemetry"));
    assert_eq!(of_libraries.count(), 0, "{log:?}");
}

#[test]
fn without_its_variables_nothing_of_telemetry_runs() {
    if !Path::new("/proc/self/task").exists() {
        eprintln!("left out: this system does not tell the names of threads");
        return;
    }
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str());
    for (settings, runs) in [
        (&[][..], false),
        (&[("OTEL_SERVICE_NAME", "up"), ("OTEL_BSP_SCHEDULE_DELAY", "20")], false),
        (&[all, ("OTEL_SDK_DISABLED", "true")], false),
        (&[all, ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")], false),
        (&[all], true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let mut process = start_with(directory.path(), None, settings);
        assert_eq!(process.ask("GET", "/auth/me", "", "").unwrap().0, 401);
        assert_eq!(runs_telemetry(&process), runs, "{settings:?}");
        process.signal("TERM");
        assert!(process.child.wait().unwrap().success());
        assert_eq!(!collector.received.lock().unwrap().is_empty(), runs, "{settings:?}");
    }
}

#[test]
fn a_collector_with_tls_is_trusted_by_the_certificate_that_is_named_and_by_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let [made, other] = [(); 2].map(|()| generate_simple_self_signed(["localhost".to_owned()]).unwrap());
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let collector = Collector::with_certificate(&made);
    let endpoint = format!("https://localhost:{}", collector.address.rsplit_once(':').unwrap().1);
    let is_told =
        |words: &str| log_of(directory.path()).iter().any(|line| line["message"].as_str().unwrap().contains(words));
    for (authorities, remark) in [
        (file("other.pem", &other.cert.pem()), Some("takes no telemetry")),
        (file("empty.pem", ""), Some("which has no certificate in PEM form")),
        (file("none.pem", "").replace("none", "absent"), Some("which can't be read")),
        (file("own.pem", &made.cert.pem()), None),
    ] {
        let settings = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", &authorities),
            ("OTEL_BSP_SCHEDULE_DELAY", "20"),
            ("UPTRAKIT_LOG", ""),
            ("UPTRAKIT_LOG_FORMAT", "json"),
        ];
        let mut process = start_with(directory.path(), None, &settings);
        assert_eq!(process.ask("GET", "/auth/me", "", "").unwrap().0, 401);
        process.signal("TERM");
        assert!(process.child.wait().unwrap().success());
        assert_eq!(collector.received.lock().unwrap().is_empty(), remark.is_some(), "{authorities}");
        assert!(remark.is_none_or(is_told), "{authorities}");
    }
    assert!(contains(&collector.bytes("/v1/traces"), b"GET /api/v1/auth/me"));
}
