//! OAUTH.md, section 8: applications that describe themselves in a document, which the server fetches within limits.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::body::Body;
use futures_util::FutureExt as _;
use http::Method;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use uptrakit_core::state::OAuthRules;
use uptrakit_server::http::{
    oauth::documents::{Documents, Network},
    router_with,
};
use ureq::tls::Certificate;

use crate::support::{
    Client, OFFER, Reply, TestServer,
    oauth::{CHALLENGE, rpc},
    on_both,
    tls::server_config,
};

const URL: &str = "https://example.org/client.json";
const PUBLIC: &str = "93.184.215.14";

/// A site with a certificate of its own, which answers every request with one text, and a server that finds it by names
/// that resolve to the addresses in `resolved`.
struct Site {
    answer: Arc<Mutex<String>>,
    requests: Arc<AtomicUsize>,
    lookups: Arc<AtomicUsize>,
    resolved: Arc<Mutex<Vec<&'static str>>>,
    client: Client,
    server: TestServer,
    address: SocketAddr,
}

fn document() -> Value {
    json!({"client_id": URL, "client_name": "Document client", "redirect_uris": ["https://example.org/cb"]})
}

fn answer(headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

impl Site {
    async fn new(server: &TestServer) -> Self {
        let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
        let answer = Arc::new(Mutex::new(answer("cache-control: max-age=600\r\n", &document().to_string())));
        let (requests, lookups) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let address = listen(server_config(&made), answer.clone(), requests.clone());
        let resolved = Arc::new(Mutex::new(vec![PUBLIC]));
        let network = Network {
            resolve: {
                let (lookups, resolved) = (lookups.clone(), resolved.clone());
                Box::new(move |_| {
                    lookups.fetch_add(1, Ordering::SeqCst);
                    let found: Vec<IpAddr> =
                        resolved.lock().unwrap().iter().map(|text| text.parse().unwrap()).collect();
                    async move { Ok(found) }.boxed()
                })
            },
            reach: Box::new(move |checked| {
                assert_eq!(checked.to_string(), PUBLIC, "only an address of the internet is asked");
                address
            }),
            authority: Some(Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()),
        };
        let server = server.another_with_oauth(OAuthRules { is_on: true, registration: true, documents: true }).await;
        let client = server.anonymous().through(router_with(&server.app, OFFER, Documents::new(network)));
        Self { answer, requests, lookups, resolved, client, server, address }
    }

    fn says(&self, headers: &str, document: &Value) {
        *self.answer.lock().unwrap() = answer(headers, &document.to_string());
    }

    fn fetched(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    async fn ask(&self, client_id: &str) -> Reply {
        let client_id: String = form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
        let path = format!(
            "//oauth/authorize?client_id={client_id}&response_type=code&code_challenge={CHALLENGE}\
             &code_challenge_method=S256"
        );
        self.client.send(self.client.request(Method::GET, &path), Body::empty()).await
    }

    async fn is_accepted(&self) -> String {
        let reply = self.ask(URL).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        reply.header("location").strip_prefix("/oauth/consent?request=").unwrap().to_owned()
    }

    async fn is_refused(&self, why: &str) {
        let reply = self.ask(URL).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{why}: {}", reply.text);
        assert!(reply.text.contains(why), "{why}: {}", reply.text);
        assert!(reply.text.contains("remove and re-add the connection"), "{}", reply.text);
    }
}

fn listen(config: Arc<ServerConfig>, answer: Arc<Mutex<String>>, requests: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, answer, requests) = (config.clone(), answer.clone(), requests.clone());
            std::thread::spawn(move || drop(serve(stream.unwrap(), config, &answer, &requests)));
        }
    });
    address
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    answer: &Mutex<String>,
    requests: &AtomicUsize,
) -> std::io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let text = answer.lock().unwrap().clone();
    if text.is_empty() {
        // The site accepts the request and never answers; the client gives up.
        return stream.read(&mut [0]).map(drop);
    }
    stream.write_all(text.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

async fn a_document_makes_its_application_known(server: TestServer) {
    let root = server.with_root().await;
    let site = Site::new(&server).await;
    site.is_accepted().await;
    let known = root.get("/applications").await.ok(200);
    let found = known["items"].as_array().unwrap().iter().find(|item| item["client_id"] == URL).unwrap();
    assert_eq!(
        (&found["kind"], &found["name"], &found["verified"]),
        (&json!("document"), &json!("Document client"), &json!(false))
    );
    assert_eq!(site.fetched(), 1);
}

async fn documents_are_off_until_asked_for(server: TestServer) {
    let path = format!("//oauth/authorize?client_id={URL}&response_type=code");
    let reply = server.anonymous().get(&path).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text.contains("UPTRAKIT_OAUTH_REGISTRATION"), "{}", reply.text);
    let metadata = Site::new(&server).await.client.get("//.well-known/oauth-authorization-server").await.ok(200);
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
}

async fn nothing_is_fetched_for_an_address_that_is_no_document(server: TestServer) {
    let site = Site::new(&server).await;
    for client_id in [
        "http://example.org/client.json",
        "https://example.org/",
        "https://example.org:8443/client.json",
        "https://ada@example.org/client.json",
        "https://example.org/client.json#x",
        "https://example.org/../client.json",
        "https://127.0.0.1/client.json",
        "https://[::1]/client.json",
        "https://Example.org/client.json",
    ] {
        let reply = site.ask(client_id).await;
        assert_eq!(reply.status, 400, "{client_id}");
        assert!(reply.text.contains("is not known here"), "{client_id}: {}", reply.text);
    }
    assert_eq!((site.lookups.load(Ordering::SeqCst), site.fetched()), (0, 0));
}

async fn only_addresses_of_the_internet_are_asked(server: TestServer) {
    let site = Site::new(&server).await;
    for own in [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
    ] {
        *site.resolved.lock().unwrap() = vec![own];
        site.is_refused("is at no address of the internet").await;
        assert_eq!(site.fetched(), 0, "{own}");
    }
}

async fn a_name_is_resolved_once_and_the_checked_address_is_asked(server: TestServer) {
    let site = Site::new(&server).await;
    *site.resolved.lock().unwrap() = vec!["10.0.0.1", PUBLIC];
    site.is_accepted().await;
    assert_eq!((site.lookups.load(Ordering::SeqCst), site.fetched()), (1, 1));
}

async fn a_site_with_a_foreign_certificate_is_not_believed(server: TestServer) {
    let site = Site::new(&server).await;
    let address = site.address;
    let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    let network = Network {
        resolve: Box::new(|_| async { Ok(vec![PUBLIC.parse().unwrap()]) }.boxed()),
        reach: Box::new(move |_| address),
        authority: Some(Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()),
    };
    let client = site.server.anonymous().through(router_with(&site.server.app, OFFER, Documents::new(network)));
    let site = Site { client, ..site };
    site.is_refused("could not be fetched").await;
    assert_eq!(site.fetched(), 0);
}

async fn a_redirect_is_not_followed(server: TestServer) {
    let site = Site::new(&server).await;
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect"] {
        *site.answer.lock().unwrap() = format!(
            "HTTP/1.1 {status}\r\nlocation: https://example.org/other.json\r\ncontent-type: application/json\r\n\
             content-length: 0\r\n\r\n"
        );
        let before = site.fetched();
        site.is_refused(&format!("has status {}", &status[..3])).await;
        assert_eq!(site.fetched(), before + 1);
    }
}

async fn a_document_has_5_kb_at_most(server: TestServer) {
    let site = Site::new(&server).await;
    let sized = |length: usize| {
        let mut text = document().to_string();
        text.push_str(&" ".repeat(length - text.len()));
        text
    };
    *site.answer.lock().unwrap() = answer("", &sized(5_001));
    site.is_refused("is over 5 kB").await;
    *site.answer.lock().unwrap() =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}", " ".repeat(100_000));
    site.is_refused("is over 5 kB").await;
    *site.answer.lock().unwrap() = answer("", &sized(5_000));
    site.is_accepted().await;
}

async fn a_site_that_does_not_answer_is_given_up(server: TestServer) {
    let site = Site::new(&server).await;
    site.answer.lock().unwrap().clear();
    site.is_refused("could not be fetched").await;
    assert_eq!(site.fetched(), 1);
}

async fn a_document_that_says_something_else_is_refused(server: TestServer) {
    let site = Site::new(&server).await;
    let with = |name: &str, value: Value| {
        let mut document = document();
        document[name] = value;
        document
    };
    for (document, why) in [
        (with("client_id", json!("https://example.org/Client.json")), "is not the address of the document"),
        (with("client_id", json!(null)), "is not the address of the document"),
        (with("token_endpoint_auth_method", json!("client_secret_basic")), "must ask for none"),
        (with("client_secret", json!("x")), "must ask for none"),
        (with("redirect_uris", json!(["http://example.org/cb"])), "redirect URI number 1"),
        (with("redirect_uris", json!([])), "redirect_uris is missing"),
        (with("redirect_uris", json!("https://example.org/cb")), "no JSON object of the right form"),
        (json!([]), "no JSON object of the right form"),
    ] {
        site.says("", &document);
        site.is_refused(why).await;
    }
    *site.answer.lock().unwrap() = answer("", &document().to_string()).replace("application/json", "text/html");
    site.is_refused("Content-Type is not application/json").await;
    *site.answer.lock().unwrap() = answer("", &document().to_string()).replace("200 OK", "404 Not Found");
    site.is_refused("has status 404").await;
}

async fn a_document_is_cached_by_its_headers_for_at_most_a_day(server: TestServer) {
    let site = Site::new(&server).await;
    site.is_accepted().await;
    site.server.advance(599_999);
    site.is_accepted().await;
    assert_eq!(site.fetched(), 1);
    site.server.advance(1);
    site.says("cache-control: max-age=31536000\r\n", &document());
    site.is_accepted().await;
    assert_eq!(site.fetched(), 2);
    site.server.advance(86_399_999);
    site.is_accepted().await;
    assert_eq!(site.fetched(), 2);
    site.server.advance(1);
    site.says("cache-control: no-store\r\n", &document());
    site.is_accepted().await;
    site.is_accepted().await;
    assert_eq!(site.fetched(), 4);
}

async fn a_document_that_is_gone_counts_no_longer_than_its_headers_said(server: TestServer) {
    let site = Site::new(&server).await;
    site.is_accepted().await;
    *site.answer.lock().unwrap() = answer("", "").replace("200 OK", "404 Not Found");
    site.is_accepted().await;
    site.server.advance(600_000);
    site.is_refused("has status 404").await;
}

async fn a_changed_document_asks_for_consent_again(server: TestServer) {
    let root = server.with_root().await;
    let site = Site::new(&server).await;
    let request = site.is_accepted().await;
    let known = root.get("/applications").await.ok(200);
    let found = known["items"].as_array().unwrap().iter().find(|item| item["client_id"] == URL).unwrap();
    let path = format!("/applications/{}", found["id"].as_str().unwrap());
    root.patch(&path, json!({"verified": true})).await.ok(200);
    let opened = |request: String| rpc(&root, "open_consent", json!({ "request": request }));
    assert_eq!(opened(request.clone()).await.ok(200)["kind"], "ask");
    let approval = json!({ "request": request, "approval": { "permissions": ["hosts:read"] } });
    let answer = rpc(&root, "approve_consent", approval).await.ok(200);
    let code = crate::support::oauth::parameter(answer.as_str().unwrap(), "code").unwrap();
    crate::support::oauth::exchange(&server.anonymous(), URL, &code, &[]).await.ok(200);
    site.server.advance(600_000);
    assert_eq!(opened(site.is_accepted().await).await.ok(200)["kind"], "continue", "the document is the same");
    site.server.advance(600_000);
    let mut changed = document();
    changed["client_name"] = json!("Another name");
    site.says("", &changed);
    let asked = opened(site.is_accepted().await).await.ok(200);
    assert_eq!((&asked["kind"], &asked["consent"]["application"]), (&json!("ask"), &json!("Another name")));
}

on_both!(
    a_document_makes_its_application_known,
    documents_are_off_until_asked_for,
    nothing_is_fetched_for_an_address_that_is_no_document,
    only_addresses_of_the_internet_are_asked,
    a_name_is_resolved_once_and_the_checked_address_is_asked,
    a_site_with_a_foreign_certificate_is_not_believed,
    a_redirect_is_not_followed,
    a_document_has_5_kb_at_most,
    a_site_that_does_not_answer_is_given_up,
    a_document_that_says_something_else_is_refused,
    a_document_is_cached_by_its_headers_for_at_most_a_day,
    a_document_that_is_gone_counts_no_longer_than_its_headers_said,
    a_changed_document_asks_for_consent_again,
);
