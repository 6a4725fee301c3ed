//! Runs real proxies in front of real servers. Their ports can be taken between choice and use, their workers outlive a
//! killed parent, and a loaded machine delays everything; this module handles all of that for the tests.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::ServerName};

/// Starts the arguments as a program and stops it when standard input ends, which the end of a test causes even where
/// the test is killed. The program gets SIGTERM alone, because it then ends its workers itself; SIGKILL for all is
/// last.
const SUPERVISE: &str = "exec 3<&0
\"$@\" </dev/null 3<&- &
proxy=$!
(read -r end <&3; kill \"$proxy\"; sleep 20; kill -KILL 0) >/dev/null 2>&1 &
wait \"$proxy\"
kill -KILL 0";

/// A proxy that ends because its port is taken gets another one this many times.
const PORTS: usize = 20;
const START_LIMIT: Duration = Duration::from_mins(1);

/// A proxy that runs until the value is dropped.
pub struct Proxy {
    supervisor: Child,
    pub address: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// Finds a program. Debian keeps servers in `/usr/sbin`, which is not on the PATH of every user.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    if found.is_none() {
        eprintln!("left out: {program} is not installed");
    }
    found
}

pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl Proxy {
    /// Starts the program that `configure` sets up for an address, until `is_reached` finds it there.
    pub fn start(
        directory: &Path,
        mut configure: impl FnMut(&str) -> Command,
        is_reached: impl Fn(&str) -> bool,
    ) -> Self {
        let log_file = directory.join("proxy.log");
        for _ in 0..PORTS {
            let address = free_address();
            let mut proxy = Self { supervisor: supervise(&configure(&address), &log_file), address };
            let log = || std::fs::read_to_string(&log_file).unwrap();
            let started = Instant::now();
            loop {
                if is_reached(&proxy.address) {
                    return proxy;
                }
                if proxy.supervisor.try_wait().unwrap().is_some() {
                    break;
                }
                assert!(started.elapsed() < START_LIMIT, "the proxy does not pass requests on: {}", log());
                thread::sleep(Duration::from_millis(50));
            }
            assert!(log().to_lowercase().contains("address already in use"), "the proxy ended: {}", log());
        }
        panic!("{PORTS} free ports were taken before the proxy could listen on them");
    }
}

fn supervise(command: &Command, log_file: &Path) -> Child {
    let log = File::create(log_file).unwrap();
    Command::new("/bin/sh")
        .args(["-c", SUPERVISE, "supervise"])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Returns true when a request with this token gets 200 at an address. Of all servers on this machine, only the one
/// that created the token answers so.
pub fn knows_token(address: &str, token: &str) -> bool {
    TcpStream::connect(address).is_ok_and(|stream| lets_token_in(with_limit(stream), address, token))
}

/// Returns true when a request with this token gets 200 on a connection that is open already.
pub fn lets_token_in(mut stream: impl Read + Write, host: &str, token: &str) -> bool {
    let mut status_line = || -> std::io::Result<String> {
        write!(stream, "GET /api/v1/auth/me HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n")?;
        let mut line = String::new();
        BufReader::new(&mut stream).read_line(&mut line)?;
        Ok(line)
    };
    status_line().is_ok_and(|line| line.starts_with("HTTP/1.1 200"))
}

/// A proxy that listens and does not answer must not block a test that only tries it.
fn with_limit(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

/// The certificate of a proxy, and a configuration of clients that trust it.
pub struct Tls {
    host: &'static str,
    /// The certificate and its key are in PEM.
    pub certificate: String,
    pub key: String,
    trust: Arc<ClientConfig>,
}

impl Tls {
    pub fn for_host(host: &'static str) -> Self {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trust = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let trust = trust.with_root_certificates(roots).with_no_client_auth();
        Self { host, certificate: made.cert.pem(), key: made.signing_key.serialize_pem(), trust: Arc::new(trust) }
    }

    pub fn over(&self, stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let host = ServerName::try_from(self.host).unwrap();
        StreamOwned::new(ClientConnection::new(self.trust.clone(), host).unwrap(), stream)
    }

    pub fn knows_token(&self, address: &str, token: &str) -> bool {
        TcpStream::connect(address).is_ok_and(|stream| lets_token_in(self.over(with_limit(stream)), self.host, token))
    }
}
