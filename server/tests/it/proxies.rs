//! Event streams through the proxies that people put in front, with the lines that everybody starts from. A proxy that
//! holds bytes back would let an event through with a later comment only, or never.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    process::{Process, add_root, start},
    support::report,
};

/// A proxy that runs until this is dropped.
struct Proxy {
    child: Child,
    address: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // SIGTERM, for a proxy that is killed leaves its workers behind.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Where a program is. Debian keeps servers in `/usr/sbin`, which is not on everybody's PATH.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).chain(["/usr/sbin".into()]).map(|folder| folder.join(program));
    let found = found.into_iter().find(|file| file.is_file());
    if found.is_none() {
        eprintln!("left out: {program} is not installed");
    }
    found
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Starts a proxy and waits until it takes connections.
fn run(command: &mut Command, directory: &Path, address: String) -> Proxy {
    let log = std::fs::File::create(directory.join("proxy.log")).unwrap();
    let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    let mut proxy = Proxy { child, address };
    while TcpStream::connect(&proxy.address).is_err() {
        let log = || std::fs::read_to_string(directory.join("proxy.log")).unwrap();
        assert!(proxy.child.try_wait().unwrap().is_none(), "the proxy ended: {}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
    proxy
}

/// Reads until `wanted` is there; answers all that came.
fn read_until(stream: &mut TcpStream, text: &mut String, wanted: &str) {
    let mut part = [0; 4096];
    while !text.contains(wanted) {
        let count = stream.read(&mut part).unwrap_or_else(|error| panic!("no {wanted:?} ({error}) after: {text}"));
        assert_ne!(count, 0, "it ended without {wanted:?} after: {text}");
        text.push_str(&String::from_utf8_lossy(&part[..count]));
        assert!(!text.contains("still here"), "{wanted:?} did not come before the next comment: {text}");
    }
}

/// Follows hosts through a proxy, and sees each event before the next comment.
fn passes_events_on_at_once(program: &str, start_proxy: impl FnOnce(&Path, &Path, &Process) -> Proxy) {
    let Some(program) = find(program) else { return };
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let server = start(directory.path(), None);
    let token = server.first_token();
    let proxy = start_proxy(&program, directory.path(), &server);
    let mut stream = TcpStream::connect(&proxy.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(
        stream,
        "GET /api/v1/hosts/events HTTP/1.1\r\nhost: {}\r\naccept-encoding: gzip, br\r\nauthorization: Bearer {token}\r\n\r\n",
        proxy.address
    )
    .unwrap();
    let mut text = String::new();
    read_until(&mut stream, &mut text, ": following\n\n");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    for machine in ["first", "second"] {
        let (status, _) = server.with_token("POST", "/hosts/report", &token, &report(machine).to_string()).unwrap();
        assert_eq!(status, 201);
        read_until(&mut stream, &mut text, &format!("\"machine_id\":\"{machine}\""));
    }
    // Apache takes ten seconds to stop while a worker waits for the server.
    drop(server);
}

#[test]
fn nginx_passes_events_on_at_once() {
    passes_events_on_at_once("nginx", |program, directory, server| {
        let (address, folder) = (free_address(), directory.display());
        let lines = format!(
            "daemon off; pid {folder}/pid; user root;\nevents {{}}\nhttp {{\n  gzip on; access_log off;\n  \
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;\n  \
             uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n  \
             server {{ listen {address}; location / {{ proxy_pass http://{}; }} }}\n}}\n",
            server.address
        );
        std::fs::write(directory.join("nginx.conf"), lines).unwrap();
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-c"]).arg(directory.join("nginx.conf"));
        run(&mut command, directory, address)
    });
}

#[test]
fn haproxy_passes_events_on_at_once() {
    passes_events_on_at_once("haproxy", |program, directory, server| {
        let address = free_address();
        let lines = format!(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n  \
             compression algo gzip\nfrontend web\n  bind {address}\n  default_backend uptrakit\n\
             backend uptrakit\n  server one {}\n",
            server.address
        );
        std::fs::write(directory.join("haproxy.cfg"), lines).unwrap();
        run(Command::new(program).arg("-db").arg("-f").arg(directory.join("haproxy.cfg")), directory, address)
    });
}

#[test]
fn apache_passes_events_on_at_once() {
    passes_events_on_at_once("apache2", |program, directory, server| {
        let (address, folder) = (free_address(), directory.display());
        let mut lines = format!(
            "ServerName localhost\nServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/pid\n\
             User www-data\nGroup www-data\nListen {address}\nErrorLog /dev/stderr\n"
        );
        for module in ["mpm_event", "authz_core", "filter", "deflate", "proxy", "proxy_http"] {
            writeln!(lines, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so").unwrap();
        }
        writeln!(
            lines,
            "AddOutputFilterByType DEFLATE text/html text/plain text/xml\nProxyPass / http://{}/",
            server.address
        )
        .unwrap();
        std::fs::write(directory.join("apache.conf"), lines).unwrap();
        let mut command = Command::new(program);
        command.args(["-D", "FOREGROUND", "-f"]).arg(directory.join("apache.conf"));
        run(&mut command, directory, address)
    });
}

#[test]
fn caddy_passes_events_on_at_once() {
    passes_events_on_at_once("caddy", |program, directory, server| {
        let address = free_address();
        let lines = format!(
            "{{\n\tadmin off\n\tauto_https off\n}}\nhttp://{address} {{\n\tencode gzip\n\treverse_proxy {}\n}}\n",
            server.address
        );
        std::fs::write(directory.join("Caddyfile"), lines).unwrap();
        let mut command = Command::new(program);
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(directory.join("Caddyfile"));
        run(command.env("HOME", directory).env("XDG_DATA_HOME", directory), directory, address)
    });
}

#[test]
fn varnish_passes_events_on_at_once() {
    passes_events_on_at_once("varnishd", |program, directory, server| {
        let address = free_address();
        let mut command = Command::new(program);
        command.args(["-F", "-a", &address, "-b", &server.address, "-s", "malloc,10m", "-n"]);
        run(command.arg(directory.join("varnish")), directory, address)
    });
}
