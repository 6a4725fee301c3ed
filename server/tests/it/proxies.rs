//! Tests event streams through the proxies that operators put in front, with their usual configuration. A proxy that
//! buffers would pass an event on with a later comment only, or never.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::json;

use crate::{
    process::{Process, add_root, start, start_with},
    support::{
        new_postgres_database,
        proxy::{Proxy, Tls, find, knows_token, lets_token_in},
        report,
    },
};

/// This many events may arrive together with a comment: a slow machine can delay one that long, while a proxy that
/// buffers delays all of them.
const LATE_EVENTS: usize = 4;

/// Reads until `wanted` arrives.
fn read_until(stream: &mut impl Read, text: &mut String, wanted: &str) {
    let mut part = [0; 4096];
    while !text.contains(wanted) {
        let count = stream.read(&mut part).unwrap_or_else(|error| panic!("no {wanted:?} ({error}) after: {text}"));
        assert_ne!(count, 0, "it ended without {wanted:?} after: {text}");
        text.push_str(&String::from_utf8_lossy(&part[..count]));
    }
}

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

/// The values from which a proxy's configuration is written.
struct Configuration<'a> {
    program: &'a Path,
    directory: &'a Path,
    address: &'a str,
    server: &'a str,
}

impl Configuration<'_> {
    fn write(&self, name: &str, lines: &str) -> PathBuf {
        let file = self.directory.join(name);
        std::fs::write(&file, lines).unwrap();
        file
    }
}

/// Follows hosts through a proxy, and checks that events arrive before the next comment.
fn passes_events_on_at_once(program: &str, configure: impl FnMut(&Configuration) -> Command) {
    let Some(program) = find(program) else { return };
    let setup = Setup::new();
    let proxy = setup.start_proxy(&program, configure);
    let Setup { directory: _directory, server, token } = setup;
    let stream = TcpStream::connect(&proxy.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    events_arrive_at_once(stream, &proxy.address, &token, &server);
    // Apache takes ten seconds to stop while a worker waits for the server.
    drop(server);
}

/// Follows hosts on a connection to a proxy, and reports some to a server behind it.
fn events_arrive_at_once(mut stream: impl Read + Write, host: &str, token: &str, server: &Process) {
    write!(
        stream,
        "GET /api/v1/hosts/events HTTP/1.1\r\nhost: {host}\r\naccept-encoding: gzip, br\r\n\
         authorization: Bearer {token}\r\n\r\n",
    )
    .unwrap();
    let mut text = String::new();
    read_until(&mut stream, &mut text, ": following\nevent: ping\ndata: {}\n\n");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let (mut in_time, mut late) = (0, 0);
    while in_time < 2 {
        let machine = format!("machine-{in_time}-{late}");
        text.clear();
        let (status, _) = server.with_token("POST", "/hosts/report", token, &report(&machine).to_string()).unwrap();
        assert_eq!(status, 201);
        read_until(&mut stream, &mut text, &format!("\"machine_id\":\"{machine}\""));
        if text.contains("still here") {
            late += 1;
        } else {
            in_time += 1;
        }
        assert!(late <= LATE_EVENTS, "events come no earlier than the next comment: {text}");
    }
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

/// The documented configurations use this name.
const HOST: &str = "updates.example.org";

/// Reads a documented configuration and replaces its names and addresses by those of the test.
fn adapted(file: &str, replacements: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    replacements.iter().fold(text, |text, (documented, of_test)| {
        assert!(text.contains(documented), "{file} does not say {documented:?} any more");
        text.replace(documented, of_test)
    })
}

/// The values to which a documented configuration is adapted.
struct TwoServers<'a> {
    of: &'a Configuration<'a>,
    second: &'a str,
    tls: &'a Tls,
}

fn documented_nginx(two: &TwoServers) -> Command {
    let (of, folder) = (two.of, two.of.directory.display());
    let certificate = of.write("certificate.pem", &two.tls.certificate);
    let key = of.write("key.pem", &two.tls.key);
    let lines = adapted(
        "nginx.conf",
        &[
            ("listen 443", &format!("listen {}", of.address)),
            ("/etc/ssl/certs/updates.example.org.pem", certificate.to_str().unwrap()),
            ("/etc/ssl/private/updates.example.org.key", key.to_str().unwrap()),
            ("127.0.0.1:8081", of.server),
            ("127.0.0.1:8082", two.second),
        ],
    );
    let site = of.write("site.conf", &lines);
    let around = format!(
        "daemon off; pid {folder}/pid; user root;\nevents {{}}\nhttp {{\n  access_log off;\n  \
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;\n  \
         uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n  include {};\n}}\n",
        site.display()
    );
    let mut command = Command::new(of.program);
    command.args(["-e", "stderr", "-c"]).arg(of.write("nginx.conf", &around));
    command
}

fn documented_haproxy(two: &TwoServers) -> Command {
    let of = two.of;
    let certificate = of.write("certificate.pem", &format!("{}{}", two.tls.certificate, two.tls.key));
    let lines = adapted(
        "haproxy.cfg",
        &[
            ("bind :443", &format!("bind {}", of.address)),
            ("/etc/haproxy/updates.example.org.pem", certificate.to_str().unwrap()),
            ("127.0.0.1:8081", of.server),
            ("127.0.0.1:8082", two.second),
        ],
    );
    let mut command = Command::new(of.program);
    command.args(["-db", "-f"]).arg(of.write("haproxy.cfg", &lines));
    command
}

fn documented_caddy(two: &TwoServers) -> Command {
    let of = two.of;
    let certificate = of.write("certificate.pem", &two.tls.certificate);
    let key = of.write("key.pem", &two.tls.key);
    let site = format!(
        "https://{HOST}:{} {{\n\tbind 127.0.0.1\n\ttls {} {}\n",
        of.address.rsplit(':').next().unwrap(),
        certificate.display(),
        key.display()
    );
    let lines = adapted(
        "Caddyfile",
        &[("updates.example.org {\n", &site), ("127.0.0.1:8081", of.server), ("127.0.0.1:8082", two.second)],
    );
    // The ports that Caddy would use to get certificates belong to others.
    let lines = format!("{{\n\tadmin off\n\tauto_https off\n}}\n{lines}");
    let mut command = Command::new(of.program);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(of.write("Caddyfile", &lines));
    command.env("HOME", of.directory).env("XDG_DATA_HOME", of.directory);
    command
}

/// Asks for the page and returns the id that the answer says the request had.
fn request_id(mut stream: impl Read + Write) -> String {
    write!(stream, "GET / HTTP/1.1\r\nhost: {HOST}\r\nx-request-id: of-the-client\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    read_until(&mut stream, &mut text, "\r\n\r\n");
    let ids = text.lines().filter_map(|line| line.to_lowercase().strip_prefix("x-request-id: ").map(str::to_owned));
    ids.collect::<Vec<_>>().join(", ")
}

/// Connects from another address of this machine than the proxy's own.
fn connect_from(address: &str, to: &str) -> TcpStream {
    let stream = tokio::runtime::Handle::current().block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        socket.connect(to.parse().unwrap()).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// Runs two servers on one Postgres behind a proxy with its documented configuration: the servers know the client's
/// address, events arrive at once, and when one server is killed, no read fails.
fn works_as_documented(program: &str, database: &str, configure: fn(&TwoServers) -> Command) {
    let Some(program) = find(program) else { return };
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), Some(database)).status.success());
    let before = start(directory.path(), Some(database));
    let token = before.first_token();
    let near = json!({ "name": "near", "allowed_networks": ["127.0.0.2/32"] }).to_string();
    let (status, near) = before.with_token("POST", "/auth/api-tokens", &token, &near).unwrap();
    assert_eq!(status, 201, "{near}");
    drop(before);
    let settings =
        [("UPTRAKIT_PUBLIC_URL", "https://updates.example.org"), ("UPTRAKIT_TRUSTED_PROXIES", "127.0.0.1/32")];
    let [first, second] = [(); 2].map(|()| start_with(directory.path(), Some(database), &settings));
    let tls = Tls::for_host(HOST);
    let proxy = Proxy::start(
        directory.path(),
        |address| {
            let of = Configuration { program: &program, directory: directory.path(), address, server: &first.address };
            configure(&TwoServers { of: &of, second: &second.address, tls: &tls })
        },
        |address| tls.knows_token(address, &token),
    );

    // Only on Linux are all addresses of 127.0.0.0/8 addresses of the machine.
    if cfg!(target_os = "linux") {
        for (address, is_near) in [("127.0.0.2", true), ("127.0.0.3", false)] {
            let stream = tls.over(connect_from(address, &proxy.address));
            assert_eq!(lets_token_in(stream, HOST, near["token"].as_str().unwrap()), is_near, "from {address}");
        }
    }

    // The proxy makes an id, and the server takes it. Ids of the server itself have twelve digits before a hyphen.
    let id = request_id(tls.over(TcpStream::connect(&proxy.address).unwrap()));
    let digits = id.replace('-', "");
    assert!(digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit()), "{id}");

    let stream = TcpStream::connect(&proxy.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    events_arrive_at_once(tls.over(stream), HOST, &token, &first);

    drop(first);
    for request in 0..20 {
        assert!(tls.knows_token(&proxy.address, &token), "request {request} after a server was killed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_works_as_documented() {
    let Some(database) = new_postgres_database().await else { return };
    tokio::task::block_in_place(|| works_as_documented("nginx", &database, documented_nginx));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_works_as_documented() {
    let Some(database) = new_postgres_database().await else { return };
    tokio::task::block_in_place(|| works_as_documented("haproxy", &database, documented_haproxy));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_works_as_documented() {
    let Some(database) = new_postgres_database().await else { return };
    tokio::task::block_in_place(|| works_as_documented("caddy", &database, documented_caddy));
}
