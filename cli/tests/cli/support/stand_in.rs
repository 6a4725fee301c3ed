//! Something that listens where a server should, and misbehaves.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// A listener that gives every connection the same answer.
pub struct StandIn {
    /// Where it listens.
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
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        Self::start(move |mut connection| {
            let _ = connection.read(&mut [0; 8_192]);
            let _ = connection.write_all(answer.as_bytes());
        })
    }

    /// Accepts connections and never says anything.
    pub fn silent() -> Self {
        Self::start(|mut connection| {
            // The other end gives up at some point, which ends the reading.
            let _ = connection.read_to_end(&mut Vec::new());
        })
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn start(talk: impl Fn(std::net::TcpStream) + Send + Sync + 'static) -> Self {
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
