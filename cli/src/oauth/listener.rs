//! Waits on a port of this machine for the browser to come back (RFC 8252, 7.3). The first request with the right state
//! is the answer. Everything else is turned away and does not end the wait: browsers open connections without using
//! them and ask for icons, and pages of other sites can send requests here, too.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{SendError, sync_channel},
    },
    thread,
    time::Duration,
};

const PATH: &str = "/callback";
/// The head of a request may have this many bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// A connection on which nothing comes for this long is closed.
const SILENCE: Duration = Duration::from_secs(30);
const STYLE: &str = "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1.5rem}h1{font-size:1.25rem}";
const DONE: &str = "The command line is signed in. You can close this page.";
const FAILED: &str = "Signing in did not work. The terminal says why. You can close this page.";
const ELSEWHERE: &str = "This is not the answer that the command line waits for. You can close this page.";

pub struct Listener {
    socket: TcpListener,
    port: u16,
}

/// The answer of the browser. Its page says that signing in failed, unless `succeed` is called.
pub struct Callback {
    parameters: Vec<(String, String)>,
    browser: Option<TcpStream>,
}

impl Listener {
    pub fn new() -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = socket.local_addr()?.port();
        Ok(Self { socket, port })
    }

    pub fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the answer with this state. Returns `None` when the time is over.
    pub fn wait(self, state: &str, limit: Duration) -> Option<Callback> {
        let (sender, answers) = sync_channel(0);
        let state: Arc<str> = state.into();
        thread::spawn(move || {
            for connection in self.socket.incoming().filter_map(Result::ok) {
                let (sender, state) = (sender.clone(), Arc::clone(&state));
                // Each connection has a thread of its own, so that one on which nothing comes holds back no other.
                thread::spawn(move || {
                    let Some(callback) = read(connection, &state) else { return };
                    // After the first answer nothing waits any more.
                    if let Err(SendError(callback)) = sender.send(callback) {
                        callback.turn_away();
                    }
                });
            }
        });
        answers.recv_timeout(limit).ok()
    }
}

impl Callback {
    /// Returns a parameter of the answer. One that is given twice is none.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        one(&self.parameters, name)
    }

    fn turn_away(mut self) {
        if let Some(browser) = self.browser.take() {
            show(browser, "404 Not Found", ELSEWHERE);
        }
    }

    pub fn succeed(mut self) {
        if let Some(browser) = self.browser.take() {
            show(browser, "200 OK", DONE);
        }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        if let Some(browser) = self.browser.take() {
            show(browser, "400 Bad Request", FAILED);
        }
    }
}

/// Reads a request. Returns it if it is the answer, and turns it away otherwise.
fn read(mut connection: TcpStream, state: &str) -> Option<Callback> {
    connection.set_read_timeout(Some(SILENCE)).ok()?;
    let head = head(&mut connection)?;
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if method == "GET" && path == PATH && one(&parameters, "state") == Some(state) {
        return Some(Callback { parameters, browser: Some(connection) });
    }
    show(connection, "404 Not Found", ELSEWHERE);
    None
}

/// Returns the head of a request, or `None` if the connection ends or falls silent before its end.
fn head(connection: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut bytes = [0; 1_024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = connection.read(&mut bytes).ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&bytes[..count]);
        if head.len() > LONGEST_HEAD {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

fn one<'p>(parameters: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let mut values = parameters.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    values.next().filter(|_| values.next().is_none())
}

/// Answers with a page that is one sentence. Nothing of the request is in it. An error is ignored: the browser went
/// away, and the terminal says the same.
fn show(mut browser: TcpStream, status: &str, sentence: &str) {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Uptrakit</title><style>{STYLE}</style>\
         <h1>Uptrakit</h1><p>{sentence}</p></html>\n"
    );
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    let _ = browser.write_all(answer.as_bytes()).and_then(|()| browser.flush());
}

#[cfg(test)]
mod tests {
    use super::{Callback, DONE, ELSEWHERE, FAILED, Listener};
    use std::{
        io::{Read, Write},
        net::TcpStream,
        thread,
        time::Duration,
    };

    const LONG: Duration = Duration::from_mins(1);

    fn ask(uri: &str, line: &str) -> String {
        let mut connection = TcpStream::connect(address(uri)).unwrap();
        write!(connection, "{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn address(uri: &str) -> &str {
        uri.strip_prefix("http://").unwrap().strip_suffix("/callback").unwrap()
    }

    /// Starts a listener. Returns its redirect URI and the thread that waits for the state `right`.
    fn start() -> (String, thread::JoinHandle<Option<Callback>>) {
        let listener = Listener::new().unwrap();
        (listener.redirect_uri(), thread::spawn(move || listener.wait("right", LONG)))
    }

    #[test]
    fn only_the_right_state_is_the_answer_and_all_else_is_turned_away() {
        let (uri, waiting) = start();
        for line in [
            "GET /callback?state=wrong&code=x",
            "GET /callback?code=x",
            "GET /callback?state=right&state=right&code=x",
            "GET /favicon.ico",
            "GET /?state=right&code=x",
            "POST /callback?state=right&code=x",
            "nonsense",
        ] {
            let answer = ask(&uri, line);
            assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains(ELSEWHERE), "{line}: {answer}");
        }
        let answer = thread::spawn(move || ask(&uri, "GET /callback?state=right&code=a%2Bb&iss=http%3A%2F%2Fx"));
        let callback = waiting.join().unwrap().unwrap();
        assert_eq!((callback.parameter("code"), callback.parameter("iss")), (Some("a+b"), Some("http://x")));
        callback.succeed();
        let answer = answer.join().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(DONE), "{answer}");
    }

    #[test]
    fn connections_on_which_nothing_comes_hold_back_no_answer() {
        let (uri, waiting) = start();
        let idle: Vec<_> = (0..20).map(|_| TcpStream::connect(address(&uri)).unwrap()).collect();
        let mut half = TcpStream::connect(address(&uri)).unwrap();
        half.write_all(b"GET /callback?state=right&co").unwrap();
        let answer = thread::spawn(move || ask(&uri, "GET /callback?state=right&error=access_denied"));
        let callback = waiting.join().unwrap().unwrap();
        assert_eq!(callback.parameter("error"), Some("access_denied"));
        drop(callback);
        assert!(answer.join().unwrap().contains(FAILED));
        drop(idle);
    }

    #[test]
    fn a_parameter_that_is_given_twice_is_none() {
        let (uri, waiting) = start();
        thread::spawn(move || ask(&uri, "GET /callback?state=right&code=a&code=b"));
        assert_eq!(waiting.join().unwrap().unwrap().parameter("code"), None);
    }

    #[test]
    fn a_wait_ends_when_its_time_is_over() {
        assert!(Listener::new().unwrap().wait("right", Duration::from_millis(1)).is_none());
    }

    #[test]
    fn two_that_wait_at_once_have_a_port_each() {
        let [one, other] = [Listener::new().unwrap(), Listener::new().unwrap()];
        assert_ne!(one.redirect_uri(), other.redirect_uri());
    }
}
