//! Sends requests to the server and returns an answer, or a failure that says what was tried and what came back.
//! Redirects are never followed, because the token would go to a host that the user did not name.

mod connection;
mod names;
mod plain;
mod proxy;
mod rejection;
pub mod sse;
mod tls;

use crate::{
    clock::{self, ServerClock},
    failure::{Failure, described},
    server::Server,
};
use names::Names;
use plain::PlainConnector;
use rejection::{CHECK_ADDRESS, not_uptrakit};
pub use rejection::{SEE_HOSTS, SEE_TOKENS};
use rustls::pki_types::CertificateDer;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    cell::Cell,
    fs, io,
    io::BufReader,
    path::{Path, PathBuf},
    rc::Rc,
    thread,
    time::Duration,
};
use tls::TlsConnector;
use uptrakit_api::{Timestamp, TokenSecret, encoding};
use ureq::{
    Agent, Body, BodyReader, Error,
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header},
    tls::{PemItem, RootCerts, TlsConfig},
    unversioned::transport::{ConnectProxyConnector, Connector as _, DefaultConnector, TcpConnector},
};

/// The client rejects an answer of more bytes than this; a page of a hundred hosts takes some tens of kilobytes.
const LARGEST_ANSWER: u64 = 64 << 20;
/// A read of a stream fails after this long without a byte. The server sends a comment every 15 s, so the reader of a
/// stream notices the silence long before.
const LONGEST_SILENCE: Duration = Duration::from_secs(90);
/// A GET waits this long before it tries a server that refused the connection once more: the server may be restarting.
const BEFORE_RETRY: Duration = Duration::from_millis(300);

pub enum Authority {
    Anonymous,
    Token(TokenSecret),
    /// This is the cookie of a web session, as `name=value`.
    Session(String),
}

pub struct Options {
    /// The only certificate authorities to trust; `None` means those of the system.
    pub ca_cert: Option<PathBuf>,
    pub timeout: Duration,
    pub clock: Rc<ServerClock>,
}

pub struct Client {
    agent: Agent,
    server: Server,
    proxy_variable: Option<&'static str>,
    has_named_certificates: bool,
    authority: Authority,
    timeout: Duration,
    clock: Rc<ServerClock>,
    token_ends: Cell<Option<Timestamp>>,
    end_is_told: Cell<bool>,
}

#[derive(Clone, Copy)]
enum Payload<'a> {
    None,
    Json(&'a str),
    Form(&'a str),
}

impl<'a> Payload<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::None => "",
            Self::Json(text) | Self::Form(text) => text,
        }
    }
}

pub type Stream = BufReader<BodyReader<'static>>;

pub struct Answer {
    pub headers: HeaderMap,
    /// The body is null when the answer has none.
    pub value: Value,
    tried: String,
    server: Server,
    changes: bool,
}

impl Client {
    pub fn new(options: &Options, server: Server, authority: Authority) -> Result<Self, Failure> {
        let (proxy_variable, proxy) = proxy::of_environment(&server)?.unzip();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy)
            .user_agent(concat!("uptrakit/", env!("CARGO_PKG_VERSION")))
            .accept("application/json");
        let agent = match &options.ca_cert {
            None => {
                let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
                let connector = DefaultConnector::new().chain(PlainConnector);
                Agent::with_parts(config.tls_config(tls).build(), connector, Names::default())
            }
            Some(path) => {
                let tls = TlsConnector::new(certificates(path)?)
                    .ok_or_else(|| unusable(path, "none of its certificates is an X.509 certificate of version 3"))?;
                // The same chain connects to a proxy with https.
                let connector = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(tls);
                let connector = connector.chain(PlainConnector);
                Agent::with_parts(config.build(), connector, Names::default())
            }
        };
        Ok(Self {
            agent,
            server,
            proxy_variable,
            has_named_certificates: options.ca_cert.is_some(),
            authority,
            timeout: options.timeout,
            clock: Rc::clone(&options.clock),
            token_ends: Cell::new(None),
            end_is_told: Cell::new(false),
        })
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    pub fn proxy_variable(&self) -> Option<&'static str> {
        self.proxy_variable
    }

    /// Returns the end of the token once per run, if an answer of the server has named an end that is near.
    pub fn tell_end(&self) -> Option<Timestamp> {
        self.token_ends.get().filter(|ends| self.clock.is_soon(*ends) && !self.end_is_told.replace(true))
    }

    /// Sends a GET. `tried` ends the sentence "could not …".
    pub fn get(&self, tried: &str, path: &str, query: &[(&str, String)]) -> Result<Answer, Failure> {
        self.json(tried, &Method::GET, &with_query(path, query), Payload::None)
    }

    pub fn post(&self, tried: &str, path: &str, body: &impl Serialize) -> Result<Answer, Failure> {
        let body = serde_json::to_string(body).map_err(|_| self.unsent(tried))?;
        self.json(tried, &Method::POST, path, Payload::Json(&body))
    }

    /// Sends a form, as the endpoints of OAuth take it. `Failure::oauth` has the error of such an endpoint.
    pub fn post_form(&self, tried: &str, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Failure> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.json(tried, &Method::POST, path, Payload::Form(&form))
    }

    pub fn delete(&self, tried: &str, path: &str) -> Result<Answer, Failure> {
        self.json(tried, &Method::DELETE, path, Payload::None)
    }

    pub fn clock(&self) -> &ServerClock {
        &self.clock
    }

    /// Opens a stream of events. The head of the answer must arrive within the time limit of the run, or within `head`
    /// if that is shorter.
    pub fn stream(&self, tried: &str, path: &str, head: Duration) -> Result<Stream, Failure> {
        let limit = head.min(self.timeout);
        let answer = self.sent(tried, &Method::GET, limit, || {
            let request = self.request(&Method::GET, path, Payload::None).header(header::ACCEPT, "text/event-stream");
            let request = request.body(String::new()).map_err(|_| self.unsent(tried))?;
            let request = self.agent.configure_request(request);
            let request = request.timeout_connect(Some(limit)).timeout_recv_response(Some(limit));
            Ok(self.agent.run(request.timeout_per_read(Some(LONGEST_SILENCE)).build()))
        })?;
        let answer = self.accepted(tried, &Method::GET, path, answer)?;
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            return Err(not_uptrakit(&self.server, tried, "it sent no event stream"));
        }
        Ok(BufReader::new(answer.into_body().into_reader()))
    }

    fn json(&self, tried: &str, method: &Method, path: &str, payload: Payload) -> Result<Answer, Failure> {
        let answer = self.sent(tried, method, self.timeout, || {
            let request = self.request(method, path, payload);
            let request = request.body(payload.text().to_owned()).map_err(|_| self.unsent(tried))?;
            let request = self.agent.configure_request(request).timeout_global(Some(self.timeout)).build();
            Ok(self.agent.run(request))
        })?;
        let answer = self.accepted(tried, method, path, answer)?;
        let status = answer.status();
        // Many other servers answer every request with a success.
        if *method == Method::DELETE && status != StatusCode::NO_CONTENT {
            return Err(not_uptrakit(&self.server, tried, &format!("it answered {status} to a deletion")));
        }
        let (parts, mut body) = answer.into_parts();
        let text = body
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_string()
            .map_err(|error| self.unreached(tried, &error, self.timeout))?;
        let value = if status == StatusCode::NO_CONTENT && text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).map_err(|_| not_uptrakit(&self.server, tried, "its answer is no JSON"))?
        };
        let changes = *method != Method::GET;
        Ok(Answer { headers: parts.headers, value, tried: tried.to_owned(), server: self.server.clone(), changes })
    }

    /// Sends a request. A GET is sent once more if the connection was refused; a change is never sent twice.
    fn sent(
        &self,
        tried: &str,
        method: &Method,
        limit: Duration,
        send: impl Fn() -> Result<Result<Response<Body>, Error>, Failure>,
    ) -> Result<Response<Body>, Failure> {
        let mut sent = clock::now();
        let mut outcome = send()?;
        if *method == Method::GET && outcome.as_ref().is_err_and(was_refused) {
            thread::sleep(BEFORE_RETRY);
            sent = clock::now();
            outcome = send()?;
        }
        let answer = outcome.map_err(|error| self.unreached(tried, &error, limit))?;
        let header = |name| answer.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        // An answer with `Age` comes from a cache, and has the date of the first request.
        if let (Some(date), None) = (header(header::DATE), header(header::AGE)) {
            self.clock.learn(date, sent, clock::now());
        }
        Ok(answer)
    }

    fn request(&self, method: &Method, path: &str, payload: Payload) -> ureq::http::request::Builder {
        let request = Request::builder().method(method).uri(self.server.url(path));
        let request = match payload {
            Payload::None => request,
            Payload::Json(_) => request.header(header::CONTENT_TYPE, "application/json"),
            Payload::Form(_) => request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        };
        match &self.authority {
            Authority::Anonymous => request,
            Authority::Token(token) => request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose())),
            // The server's origin check asks for this header. This client is no browser, so no page of another site can
            // have caused the request.
            Authority::Session(cookie) => {
                request.header(header::COOKIE, cookie).header("Sec-Fetch-Site", "same-origin")
            }
        }
    }

    /// Returns a success as it is, and turns any other status into a failure. It also stores the end of the token, if
    /// the answer names it.
    fn accepted(
        &self,
        tried: &str,
        method: &Method,
        path: &str,
        answer: Response<Body>,
    ) -> Result<Response<Body>, Failure> {
        let expires = answer.headers().get(uptrakit_api::header::TOKEN_EXPIRES).and_then(|value| value.to_str().ok());
        if let Some(instant) = expires.and_then(|text| Timestamp::parse(text).ok()) {
            self.token_ends.set(Some(instant));
        }
        if answer.status().is_success() { Ok(answer) } else { Err(self.rejected(tried, method, path, answer)) }
    }
}

impl Answer {
    /// Deserializes the body. The message does not show the parser's error, which is about this program's code.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.value).map_err(|_| self.foreign("its answer is not what was asked for"))
    }

    /// Builds the failure for an answer that comes from no Uptrakit server, or from one of another version. `why` is
    /// the end of a sentence.
    pub fn foreign(&self, why: &str) -> Failure {
        let mut failure = not_uptrakit(&self.server, &self.tried, why).hint(format!(
            "{CHECK_ADDRESS}; if it is right, see whether this program and the server are of the same version: `uptrakit --version`"
        ));
        failure.outcome_unknown = self.changes;
        failure
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bytes = fs::read(path).map_err(|error| unusable(path, &described(&error)))?;
    let pem = encoding::without_mark(&bytes).map_err(|why| unusable(path, &format!("the file {why}")))?;
    let mut certificates = Vec::new();
    for item in ureq::tls::parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| unusable(path, "a part of the file is damaged"))? {
            certificates.push(CertificateDer::from(certificate.der().to_vec()));
        }
    }
    if certificates.is_empty() {
        return Err(unusable(path, "the file holds no certificate in PEM form"));
    }
    Ok(certificates)
}

fn unusable(path: &Path, why: &str) -> Failure {
    Failure::usage(format!("could not use the certificates in {}", path.display()))
        .caused_by(why)
        .hint("give --ca-cert a file in PEM form: certificates that begin with -----BEGIN CERTIFICATE-----")
}

fn was_refused(error: &Error) -> bool {
    matches!(error, Error::Io(io) if io.kind() == io::ErrorKind::ConnectionRefused)
}

fn with_query(path: &str, query: &[(&str, String)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{pairs}")
}

#[cfg(test)]
mod tests {
    use super::with_query;

    #[test]
    fn queries_are_encoded() {
        let query = [("q", "a b&c=ü".to_owned()), ("sort", "-name".to_owned())];
        assert_eq!(with_query("/x", &query), "/x?q=a+b%26c%3D%C3%BC&sort=-name");
        assert_eq!(with_query("/x", &[]), "/x");
    }
}
