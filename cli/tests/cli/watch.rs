//! Tests `uptrakit hosts watch` behind a proxy that holds its events back.

use crate::support::{Program, StandIn, UNKNOWN_TOKEN, answer};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Lines, Read as _, Write as _},
    process::{Child, ChildStderr, ChildStdout, Stdio},
    sync::{Arc, Mutex},
};

/// What the proxy does to the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Events {
    /// Not even the head of the answer arrives.
    Headless,
    /// The head arrives, and nothing behind it.
    Silent,
    /// The stream arrives, and begins with this host.
    Passed(&'static str),
    /// The server rejects the token.
    Refused,
}

/// A server with these hosts, behind a proxy.
struct Proxied {
    events: Events,
    hosts: Vec<Value>,
}

fn host(name: &str, updates: u32) -> Value {
    json!({"id": format!("id-of-{name}"), "hostname": name, "pending_updates": updates})
}

fn start(proxied: &Arc<Mutex<Proxied>>) -> StandIn {
    let proxied = Arc::clone(proxied);
    StandIn::talking(move |path, mut connection| {
        let (events, hosts) = {
            let proxied = proxied.lock().unwrap();
            (proxied.events, proxied.hosts.clone())
        };
        let mut say = |text: String| connection.write_all(text.as_bytes()).unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        match (path, events) {
            (_, Events::Refused) => {
                let problem = r#"{"detail":"The token was revoked.","code":"token-revoked"}"#;
                return say(answer("401 Unauthorized", "application/problem+json", problem));
            }
            ("/api/v1/hosts/events", Events::Headless) => {}
            ("/api/v1/hosts/events", Events::Silent) => say(head.to_owned()),
            ("/api/v1/hosts/events", Events::Passed(name)) => {
                say(format!("{head}: following\n\nevent: host\ndata: {}\n\n", host(name, 1)));
            }
            (path, _) if path.starts_with("/api/v1/hosts?") => {
                let page = json!({"items": hosts, "total": hosts.len(), "total_pages": 1});
                return say(answer("200 OK", "application/json", &page.to_string()));
            }
            _ => {
                let problem = r#"{"detail":"There is no such host.","code":"not-found"}"#;
                return say(answer("404 Not Found", "application/problem+json", problem));
            }
        }
        // The stream stays open until the program gives it up.
        let _ = connection.read_to_end(&mut Vec::new());
    })
}

/// The running program with its output.
struct Watcher {
    child: Child,
    results: Lines<BufReader<ChildStdout>>,
    remarks: Lines<BufReader<ChildStderr>>,
}

impl Watcher {
    fn start(server: &StandIn) -> Self {
        let program = Program::signed_in(&server.url, UNKNOWN_TOKEN).with("UPTRAKIT_TIMEOUT", "1s");
        let mut command = program.command(&["hosts", "watch", "-o", "json"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let results = BufReader::new(child.stdout.take().unwrap()).lines();
        let remarks = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut watcher = Self { child, results, remarks };
        assert!(watcher.remark().starts_with("Watching the hosts of "));
        watcher
    }

    fn remark(&mut self) -> String {
        self.remarks.next().unwrap().unwrap()
    }

    fn result(&mut self) -> Value {
        serde_json::from_str(&self.results.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_stream_without_a_head_is_replaced_by_polling_until_events_come_again() {
    let hosts = vec![host("web-1", 1), host("db-1", 1)];
    let proxied = Arc::new(Mutex::new(Proxied { events: Events::Headless, hosts }));
    let server = start(&proxied);
    let mut watcher = Watcher::start(&server);
    let said = watcher.remark();
    for part in ["warning: no events come from http://", "did not answer within 1 s", "falling back to polling"] {
        assert!(said.contains(part), "{said}");
    }
    // Exactly the hosts that changed, are new or were deleted are printed.
    proxied.lock().unwrap().hosts = vec![host("web-1", 2), host("new-1", 1)];
    let printed = [watcher.result(), watcher.result(), watcher.result()];
    assert_eq!(printed, [host("web-1", 2), host("new-1", 1), json!({"id": "id-of-db-1"})]);
    // When the first event arrives the list is polled once more, so its last change is printed, too.
    {
        let mut proxied = proxied.lock().unwrap();
        (proxied.events, proxied.hosts[1]) = (Events::Passed("web-2"), host("new-1", 7));
    }
    assert_eq!(watcher.result(), host("new-1", 7));
    assert_eq!(watcher.remark(), "Events come again; polling ends.");
    assert_eq!(watcher.result(), host("web-2", 1));
}

#[test]
fn a_stream_that_falls_silent_is_replaced_by_polling_which_prints_what_changed_meanwhile() {
    let (mut old, mut new) = (host("old-1", 1), host("new-1", 1));
    (old["updated_at"], new["updated_at"]) = (json!("2001-01-31T12:00:00Z"), json!("2090-01-31T12:00:00Z"));
    let hosts = vec![old, new.clone()];
    let server = start(&Arc::new(Mutex::new(Proxied { events: Events::Silent, hosts })));
    let mut watcher = Watcher::start(&server);
    let said = watcher.remark();
    for part in ["nothing came for 35 s", "falling back to polling"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(watcher.result(), new);
}

#[test]
fn a_token_that_is_revoked_ends_polling() {
    let proxied = Arc::new(Mutex::new(Proxied { events: Events::Headless, hosts: Vec::new() }));
    let server = start(&proxied);
    let mut watcher = Watcher::start(&server);
    assert!(watcher.remark().contains("falling back to polling"));
    proxied.lock().unwrap().events = Events::Refused;
    assert_eq!(watcher.child.wait().unwrap().code(), Some(3));
}
