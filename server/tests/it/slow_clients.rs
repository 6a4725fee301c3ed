//! Tests thousands of clients that send next to nothing, or nothing at all. They must not keep others from being
//! answered, must not stay connected for ever, and must not cost much memory. The server is the real program.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::process::{Process, add_root, start};

/// These connections send nothing.
const IDLE: usize = 5_000;
/// These clients send a byte a second.
const SLOW: usize = 100;
/// These requests must be answered in the meantime.
const REQUESTS: usize = 100;
/// No request may take longer than this, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);
/// An idle connection may cost the server this much memory, in bytes.
const MEMORY_PER_CONNECTION: u64 = 32 * 1024;

fn connect(process: &Process) -> TcpStream {
    let stream = TcpStream::connect(&process.address).expect("the server takes the connection");
    stream.set_nodelay(true).unwrap();
    stream
}

/// Returns the resident memory of the server's process, in bytes.
fn memory(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn answers_quickly(process: &Process, token: &str) {
    for _ in 0..REQUESTS {
        let began = Instant::now();
        assert_eq!(process.with_token("GET", "/auth/me", token, "").unwrap().0, 200);
        assert!(began.elapsed() < LONGEST, "a request took {:?}", began.elapsed());
    }
}

#[test]
fn thousands_of_idle_connections_and_a_hundred_slow_clients_do_not_stop_the_others() {
    if rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap() < IDLE as u64 + 1_000 {
        eprintln!("left out: the system allows too few open files for {IDLE} connections");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let process = start(directory.path(), None);
    let token = process.first_token();
    answers_quickly(&process, &token);
    let before = memory(&process);
    let idle: Vec<_> = (0..IDLE).map(|_| connect(&process)).collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| drip(&process, &token, &done));
        answers_quickly(&process, &token);
        let after = memory(&process);
        let most = before + MEMORY_PER_CONNECTION * (IDLE + SLOW) as u64;
        assert!(after < most, "memory grew from {before} to {after} bytes");
        done.store(true, Ordering::Relaxed);
    });
    // The server has really accepted the connections: it answers on the last one as well.
    let mut last = idle.last().unwrap();
    write!(last, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Half of the clients never finish the head of a request, the other half never finish its body.
fn drip(process: &Process, token: &str, done: &AtomicBool) {
    let mut clients: Vec<_> = (0..SLOW).map(|_| connect(process)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        if number % 2 == 0 {
            write!(client, "GET /api/v1/auth/me HTTP/1.1\r\nx: ").unwrap();
        } else {
            head_of_report(client, token);
        }
    }
    while !done.load(Ordering::Relaxed) {
        for client in &mut clients {
            client.write_all(b" ").unwrap();
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    for client in clients {
        let _ = client.shutdown(Shutdown::Both);
    }
}

/// Sends all of a request but its body.
fn head_of_report(client: &mut TcpStream, token: &str) {
    write!(
        client,
        "POST /api/v1/hosts/report HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{"
    )
    .unwrap();
}
