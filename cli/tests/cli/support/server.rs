//! A real `uptrakit-server` on a free port with a database of its own, and an administrator in it.

use super::Program;
use serde_json::{Value, json};
use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};
use tempfile::TempDir;
use ureq::Agent;

pub const PASSWORD: &str = "seven quiet lanterns by the pier";

/// A running server. The process is killed when this value is dropped.
pub struct Server {
    child: Child,
    data: TempDir,
    opened: AtomicUsize,
    pub url: String,
    /// The secret of a token of the administrator `root`; the token is called `first`.
    pub token: String,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these variables in its environment.
    pub fn start_with(variables: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        add_user(&data, "root", "administrator");
        let (child, url) = serve(&data, "127.0.0.1:0", variables);
        let mut server = Self { child, data, opened: AtomicUsize::new(0), url, token: String::new() };
        let created = server.token_of("root", &json!({"name": "first"}));
        created["token"].as_str().unwrap().clone_into(&mut server.token);
        server
    }

    /// Returns the program, signed in here as the administrator.
    pub fn program(&self) -> Program {
        Program::signed_in(&self.url, &self.token)
    }

    /// Returns the program, signed in here with this token.
    pub fn program_with(&self, token: &str) -> Program {
        Program::signed_in(&self.url, token)
    }

    /// Adds an account while the server runs.
    pub fn add_user(&self, name: &str, role: &str) {
        add_user(&self.data, name, role);
    }

    /// Creates a token for an account, as a browser does.
    pub fn token_of(&self, login: &str, request: &Value) -> Value {
        let cookie = self.sign_in(login);
        let (_, text) = self.post("/api/v1/auth/api-tokens", &cookie, request);
        serde_json::from_str(&text).unwrap()
    }

    /// Returns the number of web sessions of an account, including the one that asks.
    pub fn sessions(&self, login: &str) -> usize {
        let cookie = self.sign_in(login);
        let request = ureq::get(format!("{}/api/v1/auth/sessions", self.url)).header("Cookie", cookie);
        let mut answer = request.header("Sec-Fetch-Site", "same-origin").call().unwrap();
        let list: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        list.as_array().or_else(|| list["items"].as_array()).unwrap().len()
    }

    /// The number of web sessions that this support code has opened.
    pub fn sessions_opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    fn sign_in(&self, login: &str) -> String {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let (headers, _) = self.post("/api/v1/auth/sessions", "", &json!({"login": login, "password": PASSWORD}));
        headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    fn post(&self, path: &str, cookie: &str, body: &Value) -> (ureq::http::HeaderMap, String) {
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.post(format!("{}{path}", self.url)).header("Cookie", cookie);
        let request = request.header("Sec-Fetch-Site", "same-origin").header("Content-Type", "application/json");
        let mut answer = request.send(body.to_string()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{path}: {} {text}", answer.status());
        (answer.headers().clone(), text)
    }

    /// Opens an address of this server, and returns the one that it leads to.
    pub fn redirect_of(&self, address: &str) -> String {
        assert!(address.starts_with(&self.url), "{address}");
        let agent: Agent = Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into();
        let answer = agent.get(address).call().unwrap();
        assert_eq!(answer.status(), 303, "{address}");
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Calls a function of the page as an account that is signed in.
    pub fn call(&self, login: &str, function: &str, body: &Value) -> Value {
        let (_, text) = self.post(&format!("/rpc/{function}"), &self.sign_in(login), body);
        serde_json::from_str(&text).unwrap()
    }

    /// Stops the server as `kill -9` does, and keeps its data.
    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again on its database as on one that was restored from a backup.
    pub fn restore(&mut self) {
        self.stop();
        let output = command(&self.data).args(["restore", "--adopt"]).output().unwrap();
        assert!(output.status.success(), "restore: {}", String::from_utf8_lossy(&output.stderr));
        self.start_again();
    }

    /// Starts the server again at the same address.
    pub fn start_again(&mut self) {
        let listen = self.url.strip_prefix("http://").unwrap().to_owned();
        self.child = serve(&self.data, &listen, &[]).0;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of the server's program, which `UPTRAKIT_SERVER_BIN` names or which lies beside the program under
/// test.
fn program() -> PathBuf {
    if let Some(path) = env::var_os("UPTRAKIT_SERVER_BIN") {
        return path.into();
    }
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_uptrakit")).with_file_name("uptrakit-server");
    assert!(
        beside.exists(),
        "these tests need the server: run `cargo build -p uptrakit-server` first, or set UPTRAKIT_SERVER_BIN ({} is not there)",
        beside.display()
    );
    beside
}

fn command(data: &TempDir) -> Command {
    let mut command = Command::new(program());
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).env("UPTRAKIT_DATA_DIR", data.path());
    command
}

fn add_user(data: &TempDir, name: &str, role: &str) {
    let email = format!("{name}@example.org");
    let mut child = command(data)
        .args(["user", "add", name, "--email", &email, "--role", role, "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "user add: {}", String::from_utf8_lossy(&output.stderr));
}

fn serve(data: &TempDir, listen: &str, variables: &[(&str, &str)]) -> (Child, String) {
    let mut child = command(data)
        .env("UPTRAKIT_LISTEN", listen)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let url =
        line.trim().strip_prefix("Uptrakit is listening on ").unwrap_or_else(|| panic!("the server said {line:?}"));
    // The rest of the output is drained, so that it does not fill the pipe.
    std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    (child, url.to_owned())
}
