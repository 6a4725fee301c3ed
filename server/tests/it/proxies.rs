//! Event streams through the proxies that people put in front, with the lines that everybody starts from. A proxy that
//! holds bytes back would let an event through with a later comment only, or never.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    process::{Process, add_root, start},
    support::{
        proxy::{Proxy, find, knows_token},
        report,
    },
};

/// How many events may arrive together with a comment: a slow machine can delay one so long, a proxy that holds bytes
/// back does it to all.
const LATE_EVENTS: usize = 4;

/// Reads until `wanted` is there.
fn read_until(stream: &mut TcpStream, text: &mut String, wanted: &str) {
    let mut part = [0; 4096];
    while !text.contains(wanted) {
        let count = stream.read(&mut part).unwrap_or_else(|error| panic!("no {wanted:?} ({error}) after: {text}"));
        assert_ne!(count, 0, "it ended without {wanted:?} after: {text}");
        text.push_str(&String::from_utf8_lossy(&part[..count]));
    }
}

/// A server with an account and its token.
struct Setup {
    directory: tempfile::TempDir,
    server: Process,
    token: String,
}

impl Setup {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        assert!(add_root(directory.path(), None).status.success());
        let server = start(directory.path(), None);
        let token = server.first_token();
        Self { directory, server, token }
    }

    fn start_proxy(&self, program: &Path, mut configure: impl FnMut(&Configuration) -> Command) -> Proxy {
        let directory = self.directory.path();
        let configure =
            |address: &str| configure(&Configuration { program, directory, address, server: &self.server.address });
        Proxy::start(directory, configure, |address| knows_token(address, &self.token))
    }
}

/// What a proxy's configuration is written from.
struct Configuration<'a> {
    program: &'a Path,
    directory: &'a Path,
    address: &'a str,
    server: &'a str,
}

impl Configuration<'_> {
    /// Writes a file into the test's directory.
    fn write(&self, name: &str, lines: &str) -> PathBuf {
        let file = self.directory.join(name);
        std::fs::write(&file, lines).unwrap();
        file
    }
}

/// Follows hosts through a proxy, and sees events before the next comment.
fn passes_events_on_at_once(program: &str, configure: impl FnMut(&Configuration) -> Command) {
    let Some(program) = find(program) else { return };
    let setup = Setup::new();
    let proxy = setup.start_proxy(&program, configure);
    let Setup { directory: _directory, server, token } = setup;
    let mut stream = TcpStream::connect(&proxy.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    write!(
        stream,
        "GET /api/v1/hosts/events HTTP/1.1\r\nhost: {}\r\naccept-encoding: gzip, br\r\nauthorization: Bearer {token}\r\n\r\n",
        proxy.address
    )
    .unwrap();
    let mut text = String::new();
    read_until(&mut stream, &mut text, ": following\n\n");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let (mut in_time, mut late) = (0, 0);
    while in_time < 2 {
        let machine = format!("machine-{in_time}-{late}");
        text.clear();
        let (status, _) = server.with_token("POST", "/hosts/report", &token, &report(&machine).to_string()).unwrap();
        assert_eq!(status, 201);
        read_until(&mut stream, &mut text, &format!("\"machine_id\":\"{machine}\""));
        if text.contains("still here") {
            late += 1;
        } else {
            in_time += 1;
        }
        assert!(late <= LATE_EVENTS, "events come no earlier than the next comment: {text}");
    }
    // Apache takes ten seconds to stop while a worker waits for the server.
    drop(server);
}

fn nginx(of: &Configuration) -> Command {
    let (address, folder, server) = (of.address, of.directory.display(), of.server);
    let lines = format!(
        "daemon off; pid {folder}/pid; user root;\nevents {{}}\nhttp {{\n  gzip on; access_log off;\n  \
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;\n  \
         uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n  \
         server {{ listen {address}; location / {{ proxy_pass http://{server}; }} }}\n}}\n",
    );
    let mut command = Command::new(of.program);
    command.args(["-e", "stderr", "-c"]).arg(of.write("nginx.conf", &lines));
    command
}

fn haproxy(of: &Configuration) -> Command {
    let lines = format!(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n  \
         compression algo gzip\nfrontend web\n  bind {}\n  default_backend uptrakit\n\
         backend uptrakit\n  server one {}\n",
        of.address, of.server
    );
    let mut command = Command::new(of.program);
    command.args(["-db", "-f"]).arg(of.write("haproxy.cfg", &lines));
    command
}

fn apache(of: &Configuration) -> Command {
    let folder = of.directory.display();
    let modules = ["mpm_event", "authz_core", "filter", "deflate", "proxy", "proxy_http"]
        .map(|module| format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"))
        .concat();
    let lines = format!(
        "{modules}ServerName localhost\nServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/pid\n\
         User www-data\nGroup www-data\nListen {}\nErrorLog /dev/stderr\n\
         AddOutputFilterByType DEFLATE text/html text/plain text/xml\nProxyPass / http://{}/\n",
        of.address, of.server
    );
    let mut command = Command::new(of.program);
    command.args(["-D", "FOREGROUND", "-f"]).arg(of.write("apache.conf", &lines));
    command
}

fn caddy(of: &Configuration) -> Command {
    let lines = format!(
        "{{\n\tadmin off\n\tauto_https off\n}}\nhttp://{} {{\n\tencode gzip\n\treverse_proxy {}\n}}\n",
        of.address, of.server
    );
    let mut command = Command::new(of.program);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(of.write("Caddyfile", &lines));
    command.env("HOME", of.directory).env("XDG_DATA_HOME", of.directory);
    command
}

fn varnish(of: &Configuration) -> Command {
    let mut command = Command::new(of.program);
    command.args(["-F", "-a", of.address, "-b", of.server, "-s", "malloc,10m", "-n"]).arg(of.directory.join("varnish"));
    command
}

#[test]
fn nginx_passes_events_on_at_once() {
    passes_events_on_at_once("nginx", nginx);
}

#[test]
fn haproxy_passes_events_on_at_once() {
    passes_events_on_at_once("haproxy", haproxy);
}

#[test]
fn apache_passes_events_on_at_once() {
    passes_events_on_at_once("apache2", apache);
}

#[test]
fn caddy_passes_events_on_at_once() {
    passes_events_on_at_once("caddy", caddy);
}

#[test]
fn varnish_passes_events_on_at_once() {
    passes_events_on_at_once("varnishd", varnish);
}

/// Another program of the machine can take a port that was free; the tests above must not fail then.
#[test]
fn a_proxy_whose_port_was_taken_meanwhile_gets_another() {
    let setup = Setup::new();
    for (name, configure) in [
        ("nginx", nginx as fn(&Configuration) -> Command),
        ("haproxy", haproxy),
        ("apache2", apache),
        ("caddy", caddy),
        ("varnishd", varnish),
    ] {
        let Some(program) = find(name) else { continue };
        let mut taken = Vec::new();
        let proxy = setup.start_proxy(&program, |of| {
            if taken.is_empty() {
                taken.push(TcpListener::bind(of.address).unwrap());
            }
            configure(of)
        });
        assert_ne!(proxy.address, taken[0].local_addr().unwrap().to_string(), "{name}");
        let address = proxy.address.clone();
        drop(proxy);
        assert!(TcpStream::connect(address).is_err(), "{name} outlives its test");
    }
}
