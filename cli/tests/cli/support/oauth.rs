//! A server that signs people in through the browser, and the browser itself. Both do what a test tells them.

use super::{Program, UNKNOWN_TOKEN, answer};
use serde_json::json;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// A request that the server got.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method and the path, such as `GET /api/v1/auth/me`.
    pub line: String,
    pub form: Vec<(String, String)>,
}

impl Request {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer that takes the place of the usual one.
pub type Reply = Option<String>;

pub struct OAuthServer {
    pub url: String,
    requests: Receiver<Request>,
}

impl OAuthServer {
    /// Starts a server that gives every request the usual answer.
    pub fn start() -> Self {
        Self::replying(|_, _| None)
    }

    /// Starts a server with other answers for some requests. The closure gets the server's address.
    pub fn replying(reply: impl Fn(&str, &Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        let own = url.clone();
        thread::spawn(move || {
            for mut connection in listener.incoming().filter_map(Result::ok) {
                let Some(request) = read(&mut connection) else { continue };
                let text = reply(&own, &request).unwrap_or_else(|| usual(&own, &request));
                // The test may be over before the request is.
                let _ = sender.send(request);
                let _ = connection.write_all(text.as_bytes());
            }
        });
        Self { url, requests }
    }

    /// Returns the requests that came since the last call.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }

    pub fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }
}

pub fn ok(body: &serde_json::Value) -> String {
    answer("200 OK", "application/json", &body.to_string())
}

/// Builds an error of OAuth.
pub fn error(name: &str, description: &str) -> String {
    let body = json!({"error": name, "error_description": description});
    answer("400 Bad Request", "application/json", &body.to_string())
}

pub fn not_found() -> String {
    let body = json!({"title": "Not found", "status": 404, "detail": "There is nothing here.", "code": "not-found"});
    answer("404 Not Found", "application/problem+json", &body.to_string())
}

pub fn metadata(url: &str) -> serde_json::Value {
    json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/oauth/authorize"),
        "token_endpoint": format!("{url}/oauth/token"),
        "device_authorization_endpoint": format!("{url}/oauth/device_authorization"),
    })
}

fn usual(url: &str, request: &Request) -> String {
    match request.line.as_str() {
        "GET /.well-known/oauth-authorization-server" => ok(&metadata(url)),
        "POST /oauth/device_authorization" => ok(&json!({
            "device_code": "upd_secret",
            "user_code": "BCDF-GHJK",
            "verification_uri": format!("{url}/device"),
            "expires_in": 600,
            "interval": 1,
        })),
        "POST /oauth/token" => ok(&json!({"access_token": UNKNOWN_TOKEN, "token_type": "Bearer"})),
        "GET /api/v1/auth/me" => ok(&json!({
            "username": "root",
            "token": {
                "id": "0198aa01", "name": "cli on desk", "hint": "upk_0000…IdS3",
                "expires_at": "2100-01-31T12:00:00.000Z",
            },
        })),
        "DELETE /api/v1/auth/api-tokens/current" => "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned(),
        _ => not_found(),
    }
}

fn read(connection: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(connection);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let form = form_urlencoded::parse(&body).into_owned().collect();
    Some(Request { line: lines[0].trim_end_matches(" HTTP/1.1").to_owned(), form })
}

/// A browser that notes the address that it is to open, for the test to go on with.
pub struct Browser {
    opened: std::path::PathBuf,
}

/// The address that a browser was asked to open.
pub struct Opened {
    pub address: String,
    pub parameters: Vec<(String, String)>,
}

impl Browser {
    /// Gives the program a browser.
    pub fn of(program: Program) -> (Program, Self) {
        let (script, opened) = (program.home().join("browser"), program.home().join("opened"));
        fs::write(
            &script,
            "#!/bin/sh\nps -o pgid= -p $$ | grep -qw $$ && touch \"$HOME/leads\"\nprintf %s \"$1\" > \"$HOME/opening\" && mv \"$HOME/opening\" \"$HOME/opened\"\n",
        )
        .unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let command = script.to_str().unwrap().to_owned();
        (program.with("BROWSER", &command), Self { opened })
    }

    /// Waits until the program opens an address.
    pub fn opened(&self) -> Opened {
        let deadline = Instant::now() + PATIENCE;
        let address = loop {
            match fs::read_to_string(&self.opened) {
                Ok(address) => break address,
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
                Err(error) => panic!("no address was opened ({error})"),
            }
        };
        let query = address.split_once('?').unwrap().1;
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Opened { address, parameters }
    }
}

impl Opened {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Comes back to the program with these parameters, and returns the page that it shows.
    pub fn come_back(&self, parameters: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.get(&format!("/callback?{query}"))
    }

    /// Comes back to the program at this address, and returns the page that it shows.
    pub fn go_to(&self, address: &str) -> String {
        let path = address.strip_prefix(self.parameter("redirect_uri").unwrap()).unwrap();
        self.get(&format!("/callback{path}"))
    }

    /// Requests a path of the port to which the browser is to come back.
    pub fn get(&self, path: &str) -> String {
        let uri = self.parameter("redirect_uri").unwrap();
        let address = uri.strip_prefix("http://").unwrap().strip_suffix("/callback").unwrap();
        let mut connection = TcpStream::connect(address).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut page = String::new();
        connection.read_to_string(&mut page).unwrap();
        page
    }
}
