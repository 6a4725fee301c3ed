//! Listeners that take the place of a server and misbehave.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender},
    },
    thread,
    time::Duration,
};

/// A listener that gives every connection the same answer.
pub struct StandIn {
    pub url: String,
    connections: Arc<AtomicUsize>,
}

impl StandIn {
    /// Answers every connection with these bytes once something has arrived, and closes it.
    pub fn saying(answer: &'static [u8]) -> Self {
        Self::start(move |mut connection| {
            let _ = connection.read(&mut [0; 8_192]);
            let _ = connection.write_all(answer);
        })
    }

    /// Answers with a status, a content type and a body.
    pub fn answering(status: &str, kind: &str, body: &str) -> Self {
        let answer = answer(status, kind, body);
        Self::start(move |mut connection| {
            let _ = connection.read(&mut [0; 8_192]);
            let _ = connection.write_all(answer.as_bytes());
        })
    }

    /// Hands every connection over together with the path that it asks for.
    pub fn talking(talk: impl Fn(&str, TcpStream) + Send + Sync + 'static) -> Self {
        Self::start(move |mut connection| {
            let mut head = [0; 8_192];
            let length = connection.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            talk(head.split(' ').nth(1).unwrap_or_default(), connection);
        })
    }

    /// Answers over TLS under the name `localhost`. The second value is the certificate, in PEM.
    pub fn answering_over_tls(body: &str) -> (Self, String) {
        Self::answering_with_certificate(body, &rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    /// Answers over TLS with a certificate that signs itself.
    pub fn answering_with_certificate(body: &str, parameters: &rcgen::CertificateParams) -> (Self, String) {
        let (settings, certificate) = tls(parameters);
        let answer = answer("200 OK", "application/json", body);
        let mut stand_in = Self::start(move |mut connection| {
            let mut session = rustls::ServerConnection::new(Arc::clone(&settings)).unwrap();
            let mut stream = rustls::Stream::new(&mut session, &mut connection);
            // A client that does not trust the certificate hangs up.
            if stream.read(&mut [0; 8_192]).is_ok() {
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        stand_in.url = stand_in.url.replace("http://127.0.0.1", "https://localhost");
        (stand_in, certificate)
    }

    /// Starts a proxy that is reached over TLS, under the name `localhost`. The second value is its certificate.
    pub fn forwarding_over_tls(address: &str) -> (Self, String) {
        let (settings, certificate) = tls(&rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap());
        let address = address.to_owned();
        let mut proxy = Self::start(move |mut connection| {
            let mut session = rustls::ServerConnection::new(Arc::clone(&settings)).unwrap();
            let mut stream = rustls::Stream::new(&mut session, &mut connection);
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                if stream.read_exact(&mut byte).is_err() {
                    return;
                }
                head.extend(byte);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let mut server = TcpStream::connect(&address).unwrap();
            // Two threads can't read and write one session, so both ends take turns.
            for socket in [&*stream.sock, &server] {
                socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
            }
            let mut bytes = [0; 8_192];
            loop {
                if !(pass(&mut stream, &mut server, &mut bytes) && pass(&mut server, &mut stream, &mut bytes)) {
                    return;
                }
            }
        });
        proxy.url = proxy.url.replace("http://127.0.0.1", "https://localhost");
        (proxy, certificate)
    }

    /// Starts a proxy that connects to this address, whatever it is asked for.
    pub fn forwarding(address: &str) -> Self {
        let address = address.to_owned();
        Self::start(move |mut connection| {
            // The head of the request comes in pieces, and no part of it may reach the server.
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && connection.read_exact(&mut byte).is_ok() {
                head.extend(byte);
            }
            let mut server = TcpStream::connect(&address).unwrap();
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            let (mut asked, mut questions) = (server.try_clone().unwrap(), connection.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut questions, &mut asked));
            let _ = io::copy(&mut server, &mut connection);
        })
    }

    /// Starts a server whose sign-in and token each wait for a step through `let_on`. It hangs up after every answer,
    /// and sends the requested paths through `asked`.
    pub fn signing_in(asked: Sender<String>, let_on: Receiver<()>) -> Self {
        let let_on = Mutex::new(let_on);
        let asked = Mutex::new(asked);
        Self::start(move |mut connection| {
            let mut head = [0; 8_192];
            let length = connection.read(&mut head).unwrap_or(0);
            let line = String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned();
            let line = line.trim_end_matches(" HTTP/1.1").to_owned();
            let answer = match line.as_str() {
                "POST /api/v1/auth/sessions" => "HTTP/1.1 201 Created\r\nSet-Cookie: session=1; Path=/\r\n",
                "POST /api/v1/auth/api-tokens" => "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n",
                _ => "HTTP/1.1 204 No Content\r\n",
            };
            let body = match line.as_str() {
                "POST /api/v1/auth/sessions" => "{}".to_owned(),
                "POST /api/v1/auth/api-tokens" => {
                    format!(r#"{{"id":"1","name":"x","token":"{}"}}"#, super::UNKNOWN_TOKEN)
                }
                _ => String::new(),
            };
            let slow = line.starts_with("POST");
            asked.lock().unwrap().send(line).unwrap();
            if slow {
                let _ = let_on.lock().unwrap().recv();
            }
            let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
            let _ = connection.write_all(format!("{answer}{length}Connection: close\r\n\r\n{body}").as_bytes());
        })
    }

    /// Accepts connections and never answers.
    pub fn silent() -> Self {
        Self::start(|mut connection| {
            // The other end gives up at some point, which ends the loop.
            let _ = connection.read_to_end(&mut Vec::new());
        })
    }

    /// Returns the number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn start(talk: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let talk = Arc::new(talk);
        thread::spawn(move || {
            for connection in listener.incoming().filter_map(Result::ok) {
                counter.fetch_add(1, Ordering::SeqCst);
                let talk = Arc::clone(&talk);
                thread::spawn(move || talk(connection));
            }
        });
        Self { url, connections }
    }
}

/// Returns the TLS configuration of a server with a certificate of its own, and the certificate in PEM.
fn tls(parameters: &rcgen::CertificateParams) -> (Arc<rustls::ServerConfig>, String) {
    let signing_key = rcgen::KeyPair::generate().unwrap();
    let cert = parameters.self_signed(&signing_key).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let settings = settings.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key.into()).unwrap();
    (Arc::new(settings), cert.pem())
}

/// Forwards the bytes that have arrived, and returns true if more may come.
fn pass(from: &mut impl Read, to: &mut impl Write, bytes: &mut [u8]) -> bool {
    match from.read(bytes) {
        Ok(0) => false,
        Ok(count) => to.write_all(&bytes[..count]).is_ok(),
        Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
    }
}

pub fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}
