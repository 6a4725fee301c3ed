//! Tests what the program does under a service manager such as systemd, whose side of the protocol the tests play.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::net::{UnixDatagram, UnixListener},
    },
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::process::{PROGRAM, Process, program, settings_for, start, start_with};

struct Manager {
    directory: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { directory, socket }
    }

    fn start(&self, more: &[(&str, &str)]) -> Process {
        let path = self.directory.path().join("notify");
        let variables = [&[("NOTIFY_SOCKET", path.to_str().unwrap())], more].concat();
        start_with(self.directory.path(), None, &variables)
    }

    fn told(&self) -> Vec<String> {
        let mut bytes = [0; 1024];
        let length = self.socket.recv(&mut bytes).expect("the service manager is told nothing");
        String::from_utf8_lossy(&bytes[..length]).lines().map(str::to_owned).collect()
    }
}

#[test]
fn the_service_manager_is_told_when_the_server_listens_and_when_it_stops() {
    let manager = Manager::new();
    let mut process = manager.start(&[]);
    let status = format!("STATUS=Listens on {0} for http://{0}", process.address);
    assert_eq!(manager.told(), ["READY=1".to_owned(), status]);
    process.signal("TERM");
    assert_eq!(manager.told(), ["STOPPING=1"]);
    assert!(process.child.wait().unwrap().success());
    // Without a watchdog of the manager nothing else is said.
    manager.socket.set_nonblocking(true).unwrap();
    assert!(manager.socket.recv(&mut [0; 64]).is_err());
}

#[test]
fn a_server_that_works_feeds_the_watchdog_of_its_process_alone() {
    let manager = Manager::new();
    let process = manager.start(&[("WATCHDOG_USEC", "100000")]);
    assert_eq!(manager.told()[0], "READY=1");
    for _ in 0..3 {
        assert_eq!(manager.told(), ["WATCHDOG=1"]);
    }
    drop(process);
    let manager = Manager::new();
    let process = manager.start(&[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")]);
    assert_eq!(manager.told()[0], "READY=1");
    process.signal("TERM");
    assert_eq!(manager.told(), ["STOPPING=1"]);
}

#[test]
fn a_service_manager_that_is_not_there_stops_no_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none");
    let process = start_with(directory.path(), None, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert_eq!(process.ask("GET", "//healthz", "", "").unwrap().0, 200);
}

/// Starts the program with a descriptor in the place where the service manager passes the first one, and says that
/// there are `count`.
fn activated(manager: &Manager, socket: OwnedFd, count: usize, more: &[(&str, &str)]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ exec \"$0\"", PROGRAM]);
    let mut command = settings_for(shell, manager.directory.path(), None);
    command.env("LISTEN_FDS", count.to_string()).envs(more.iter().copied()).stdin(socket).stdout(Stdio::piped());
    command
}

#[test]
fn a_socket_of_the_service_manager_keeps_connections_while_the_server_is_restarted() {
    let manager = Manager::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let socket = || listener.try_clone().unwrap().into();
    for _ in 0..2 {
        // This request is sent while no server runs.
        let mut waiting = TcpStream::connect(&address).unwrap();
        waiting.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(waiting, "GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut child = activated(&manager, socket(), 1, &[]).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        assert_eq!(first, format!("Uptrakit is listening on http://{address}"));
        let mut process = Process::at(child, address.clone());
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        process.signal("TERM");
        assert!(process.child.wait().unwrap().success());
    }
}

#[test]
fn a_socket_that_can_not_be_served_is_named() {
    let manager = Manager::new();
    let refused = |socket: OwnedFd, count, more: &[(&str, &str)]| {
        let mut command = activated(&manager, socket, count, more);
        let Output { status, stderr, .. } = command.env("UPTRAKIT_LOG", "off").stderr(Stdio::piped()).output().unwrap();
        assert_eq!(status.code(), Some(1));
        String::from_utf8(stderr).unwrap()
    };
    let tcp = || TcpListener::bind("127.0.0.1:0").unwrap().into();
    assert_eq!(
        refused(tcp(), 2, &[]),
        "The service manager passes 2 sockets (LISTEN_FDS), and the server takes one: leave one ListenStream=.\n"
    );
    let unix = UnixListener::bind(manager.directory.path().join("unix")).unwrap().into();
    assert_eq!(
        refused(unix, 1, &[]),
        "The socket of the service manager is no TCP socket: use ListenStream= with an address and a port.\n"
    );
    // The setting `listen` is that of loopback, and does not count.
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
    let address = everywhere.local_addr().unwrap();
    let why = refused(everywhere.into(), 1, &[]);
    let sentence = format!("The setting public_url is missing: the server listens on {address}, ");
    assert!(why.starts_with(&sentence), "{why}");
}

#[test]
fn the_health_of_a_running_server_is_asked_by_its_own_settings() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = start(directory.path(), None);
    let health = |listen: &str| {
        let mut command = program(directory.path(), None);
        let Output { status, stdout, stderr } =
            command.env("UPTRAKIT_LOG", "off").env("UPTRAKIT_LISTEN", listen).arg("health").output().unwrap();
        let text = String::from_utf8([stdout, stderr].concat()).unwrap();
        (status.code(), text)
    };
    let address = process.address.clone();
    assert_eq!(health(&address), (Some(0), "ready for reads\n".to_owned()));
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    let refused = format!("The server does not answer on {address}: connection refused.\n");
    assert_eq!(health(&address), (Some(1), refused));
    assert_eq!(health("127.0.0.1:0").0, Some(1));
}

#[test]
fn a_server_reads_its_database_url_from_the_file_of_a_credential() {
    let directory = tempfile::tempdir().unwrap();
    let credential = directory.path().join("database-url");
    let database = directory.path().join("elsewhere.db");
    std::fs::write(&credential, format!("sqlite://{}\n", database.display())).unwrap();
    let variable = ("UPTRAKIT_DATABASE_URL_FILE", credential.to_str().unwrap());
    let process = start_with(directory.path(), None, &[variable]);
    assert_eq!(process.ask("GET", "//readyz", "", "").unwrap().0, 200);
    assert!(database.exists() && !directory.path().join("uptrakit.db").exists());
    let mut command = program(directory.path(), None);
    let output = command.envs([variable, ("UPTRAKIT_DATABASE_URL", "sqlite:///x.db")]).arg("doctor").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("The settings database_url and database_url_file are both set"), "{text}");
}
