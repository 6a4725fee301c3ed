//! Starts servers with databases of their own, and clients with each kind of credential.

pub mod cluster;
pub mod link;
pub mod mcp;
pub mod oauth;
pub mod pgbouncer;
pub mod proxy;
pub mod tls;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uptrakit_core::{
    clock::Clock,
    domain::{accounts, users},
    jobs,
    public_url::PublicUrl,
    state::{Core, OAuthRules, TokenRules},
};
use uptrakit_server::http::{Offer, layer::request_context::Peer, router};
use uptrakit_store::{Conn, Store};

pub const PASSWORD: &str = "seven brown owls at dusk";
pub const PUBLIC_URL: &str = "https://up.example.org";
/// 2030-01-01T00:00:00Z, in milliseconds
pub const START: i64 = 1_893_456_000_000;
/// What the servers of the tests offer, and the address that they would listen on.
pub const OFFER: Offer = Offer { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5)), 8080), mcp: true };
const RULES: (TokenRules, OAuthRules) = (
    TokenRules { limit: 100, longest_lifetime_days: None, default_lifetime_days: 90 },
    OAuthRules { is_on: true, registration: true, documents: false },
);

/// Makes a test for each engine out of functions that take a server. The compiler reports a function that is missing in
/// the list, because it is never used.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::support::TestServer::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(server) = $crate::support::TestServer::postgres().await {
                    super::$name(server).await;
                }
            }
        })+
    };
}
pub(crate) use on_both;

/// The parts of one server process, and the database that it works on.
pub struct TestServer {
    pub app: Arc<Core>,
    pub url: String,
    clock: Arc<AtomicI64>,
    router: Router,
    directory: Option<Arc<tempfile::TempDir>>,
}

#[derive(Clone)]
pub struct Client {
    router: Router,
    credential: Credential,
    address: String,
}

#[derive(Clone)]
enum Credential {
    None,
    Token(String),
    Cookie(String),
    /// The request carries a cookie, and another site caused it.
    ForeignCookie(String),
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is no JSON: {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks the status and the code of an error, and returns the problem.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }

    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

const POSTGRES_URL: &str = "UPTRAKIT_TEST_POSTGRES_URL";
const WITHOUT_POSTGRES: &str = "UPTRAKIT_TEST_WITHOUT_POSTGRES";

/// The tests create their databases on this Postgres server; `None` means that tests on Postgres are left out.
pub fn postgres_server() -> Option<String> {
    if std::env::var(WITHOUT_POSTGRES).is_ok_and(|value| value == "1") {
        eprintln!("left out: {WITHOUT_POSTGRES} is 1");
        return None;
    }
    Some(std::env::var(POSTGRES_URL).unwrap_or_else(|_| {
        panic!(
            "{POSTGRES_URL} is not set: run `cargo xtask test rust`, which starts a Postgres and sets it, \
             or leave the tests on Postgres out with {WITHOUT_POSTGRES}=1"
        )
    }))
}

/// Creates an empty database on the tests' Postgres server and returns its URL.
pub async fn new_postgres_database() -> Option<String> {
    new_postgres_database_with("").await
}

/// Creates an empty database with more options, and returns its URL.
pub async fn new_postgres_database_with(options: &str) -> Option<String> {
    let base = postgres_server()?;
    let name = format!("t{}", uptrakit_core::clock::new_id::<uuid::Uuid>(Clock::System.now()).simple());
    beside(&base, &format!("CREATE DATABASE {name} {options}")).await;
    let (path, query) = base.split_once('?').map_or((base.as_str(), None), |(path, query)| (path, Some(query)));
    let (server, _) = path.rsplit_once('/').expect("the URL names a database");
    Some(format!("{server}/{name}{}", query.map(|query| format!("?{query}")).unwrap_or_default()))
}

impl TestServer {
    pub async fn sqlite() -> Self {
        Self::sqlite_at(PUBLIC_URL).await
    }

    /// Starts a server on SQLite with another public URL.
    pub async fn sqlite_at(public_url: &'static str) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let url = format!("sqlite://{}", directory.path().join("uptrakit.db").display());
        Self::start(url, Some(directory), Arc::new(AtomicI64::new(START)), public_url).await
    }

    pub async fn postgres() -> Option<Self> {
        let url = new_postgres_database().await?;
        Some(Self::start(url, None, Arc::new(AtomicI64::new(START)), PUBLIC_URL).await)
    }

    /// Starts another server process on the same database.
    pub async fn another(&self) -> Self {
        Self::start(self.url.clone(), self.directory.clone(), self.clock.clone(), PUBLIC_URL).await
    }

    /// Starts another server process, whose settings have a longest lifetime of tokens.
    pub async fn another_with_longest_lifetime(&self, days: u32) -> Self {
        let rules = TokenRules { limit: 100, longest_lifetime_days: Some(days), default_lifetime_days: days };
        let clock = self.clock.clone();
        Self::start_with(self.url.clone(), self.directory.clone(), clock, PUBLIC_URL, (rules, RULES.1), None).await
    }

    /// Starts another server process, whose settings of OAuth differ.
    pub async fn another_with_oauth(&self, oauth: OAuthRules) -> Self {
        let clock = self.clock.clone();
        Self::start_with(self.url.clone(), self.directory.clone(), clock, PUBLIC_URL, (RULES.0, oauth), None).await
    }

    /// Starts another server process, which accepts credentials for that long after the last write that the database
    /// took.
    pub async fn another_with_read_grace(&self, limit: Duration) -> Self {
        let clock = self.clock.clone();
        Self::start_with(self.url.clone(), self.directory.clone(), clock, PUBLIC_URL, RULES, Some(limit)).await
    }

    /// Starts another server process, on a machine whose clock is ahead.
    pub async fn another_ahead(&self, millis: i64) -> Self {
        let clock = Arc::new(AtomicI64::new(self.clock.load(Ordering::SeqCst) + millis));
        Self::start(self.url.clone(), self.directory.clone(), clock, PUBLIC_URL).await
    }

    /// Starts another server process that may only read the SQLite file from now on, as after its disk was mounted read
    /// only.
    pub async fn another_reading_only(&self) -> Self {
        const READ_ONLY: &str = "PRAGMA query_only = true";
        let other = self.another().await;
        let mut writer = other.app.store.begin().await.unwrap();
        let Conn::Sqlite(conn) = writer.conn() else { panic!("this is SQLite") };
        sqlx::query(READ_ONLY).execute(conn).await.unwrap();
        writer.commit().await.unwrap();
        let mut aside = other.app.store.aside().await.unwrap();
        let Conn::Sqlite(conn) = aside.conn() else { panic!("this is SQLite") };
        sqlx::query(READ_ONLY).execute(conn).await.unwrap();
        drop(aside);
        other
    }

    pub fn postgres_address(&self) -> String {
        let (_, rest) = self.url.split_once("://").unwrap();
        let (authority, _) = rest.split_once('/').unwrap();
        authority.rsplit_once('@').map_or(authority, |(_, address)| address).to_owned()
    }

    pub fn database(&self) -> &str {
        let (_, rest) = self.url.rsplit_once('/').unwrap();
        rest.split('?').next().unwrap()
    }

    /// Starts another server process on the same database, which reaches it at another URL.
    pub async fn another_at(&self, url: String) -> Self {
        Self::start(url, self.directory.clone(), self.clock.clone(), PUBLIC_URL).await
    }

    /// Returns the URL of the database for a new role without any permissions in it, and the name of the role.
    pub async fn new_role(&self) -> (String, String) {
        let role = format!("role_{}", self.database());
        self.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'few'")).await;
        (format!("postgres://{role}:few@{}/{}", self.postgres_address(), self.database()), role)
    }

    /// Starts a server process on a Postgres database that is reached over `link`.
    pub async fn over(link: &link::Link, url: &str, address: &str, read_grace: Option<Duration>) -> Self {
        let url = url.replace(address, &link.address.to_string());
        Self::start_with(url, None, Arc::new(AtomicI64::new(START)), PUBLIC_URL, RULES, read_grace).await
    }

    /// Starts another server process on the same database, which reaches it over `link`.
    pub async fn another_over(&self, link: &link::Link) -> Self {
        let url = self.url.replace(&self.postgres_address(), &link.address.to_string());
        Self::start(url, self.directory.clone(), self.clock.clone(), PUBLIC_URL).await
    }

    /// Starts another server process over `link` with a new role, which has the permissions of the role that the tests
    /// use.
    pub async fn another_as_new_role(&self, link: &link::Link) -> (Self, String) {
        let (authority, database) = self.url.split_once("://").unwrap().1.split_once('/').unwrap();
        let owner = authority.split([':', '@']).next().unwrap();
        let role = format!("role_{}", self.database());
        self.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'few' IN ROLE {owner}")).await;
        let url = format!("postgres://{role}:few@{}/{database}", link.address);
        (Self::start(url, None, self.clock.clone(), PUBLIC_URL).await, role)
    }

    /// Runs a statement on the database that servers never run.
    pub async fn sql(&self, statement: &str) {
        let mut tx = self.app.store.begin().await.unwrap();
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        match tx.conn() {
            Conn::Sqlite(conn) => drop(sqlx::query(statement).execute(conn).await.unwrap()),
            Conn::Postgres(conn) => drop(sqlx::query(statement).execute(conn).await.unwrap()),
        }
        tx.commit().await.unwrap();
    }

    /// Closes the database: Postgres ends its sessions, as at a shutdown, and accepts no new ones.
    pub async fn close_database(&self) {
        let (base, name) = (postgres_server().expect("this server is on Postgres"), self.database());
        beside(&base, &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
        beside(&base, &format!("{end} = '{name}'")).await;
    }

    /// Has Postgres end sessions that are left of a server that has stopped.
    pub async fn close_database_and_open_it(&self) {
        self.close_database().await;
        self.open_database().await;
    }

    /// Has Postgres accept sessions again.
    pub async fn open_database(&self) {
        let (base, name) = (postgres_server().expect("this server is on Postgres"), self.database());
        beside(&base, &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    }

    /// Ends this server and makes a copy of its database, as a backup brings it back. Returns the URL of the copy.
    pub async fn back_up(&self) -> String {
        if let Some(file) = self.url.strip_prefix("sqlite://") {
            let copy = format!("{file}.backup");
            self.app.store.backup(std::path::Path::new(&copy)).await.unwrap();
            self.app.close().await.unwrap();
            return format!("sqlite://{copy}");
        }
        self.app.close().await.unwrap();
        // A template may have no sessions.
        self.close_database().await;
        let (base, name) = (postgres_server().expect("this server is on Postgres"), self.database());
        beside(&base, &format!("CREATE DATABASE {name}_backup TEMPLATE {name}")).await;
        self.open_database().await;
        self.url.replace(name, &format!("{name}_backup"))
    }

    /// Starts a server process on a database that exists already.
    pub async fn on(url: String) -> Self {
        Self::start(url, None, Arc::new(AtomicI64::new(START)), PUBLIC_URL).await
    }

    async fn start(
        url: String,
        directory: Option<Arc<tempfile::TempDir>>,
        clock: Arc<AtomicI64>,
        public_url: &str,
    ) -> Self {
        Self::start_with(url, directory, clock, public_url, RULES, None).await
    }

    async fn start_with(
        url: String,
        directory: Option<Arc<tempfile::TempDir>>,
        clock: Arc<AtomicI64>,
        public_url: &str,
        (rules, oauth): (TokenRules, OAuthRules),
        reads_without_writes: Option<Duration>,
    ) -> Self {
        let store = Store::open(&url, 5).await.unwrap();
        let proxies = vec!["127.0.0.9/32".parse().unwrap()];
        let public_url = PublicUrl::parse(public_url).unwrap();
        let time = Clock::Manual(clock.clone());
        let app = Core::new(store, time, public_url, proxies, rules, oauth, reads_without_writes);
        jobs::start(&app).await.unwrap();
        Self { router: router(&app, OFFER), app, url, clock, directory }
    }

    pub fn advance(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    pub async fn add_user(&self, username: &str, roles: &str) {
        let password = uptrakit_api::Secret(PASSWORD.to_owned());
        let email = format!("{username}@example.org");
        users::add_from_terminal(&self.app, username, &email, roles.parse().unwrap(), &password).await.unwrap();
    }

    pub fn anonymous(&self) -> Client {
        Client { router: self.router.clone(), credential: Credential::None, address: "127.0.0.1".to_owned() }
    }

    pub fn bearer(&self, token: &str) -> Client {
        self.anonymous().with_token(token)
    }

    pub fn cookie(&self, cookie: &str) -> Client {
        Client { credential: Credential::Cookie(cookie.to_owned()), ..self.anonymous() }
    }

    /// Signs in and keeps the cookie.
    pub async fn sign_in(&self, username: &str) -> Client {
        let reply = self.anonymous().post("/auth/sessions", json!({ "login": username, "password": PASSWORD })).await;
        reply.ok(201);
        self.cookie(cookie_of(&reply))
    }

    /// Adds an administrator and signs in.
    pub async fn with_root(&self) -> Client {
        self.add_user("root", "administrator").await;
        self.sign_in("root").await
    }

    pub async fn first_run_code(&self) -> String {
        accounts::new_first_run_code(&self.app).await.unwrap().expect("there is no account yet").0
    }
}

/// Runs a statement about a database that can't be run within it.
async fn beside(url: &str, statement: &str) {
    let admin = sqlx::PgPool::connect(url).await.expect("the Postgres server of the tests answers");
    sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&admin).await.unwrap();
    admin.close().await;
}

pub fn cookie_of(reply: &Reply) -> &str {
    reply.header("set-cookie").split(';').next().unwrap().split_once('=').unwrap().1
}

impl Client {
    pub fn caused_elsewhere(mut self) -> Self {
        if let Credential::Cookie(cookie) = self.credential {
            self.credential = Credential::ForeignCookie(cookie);
        }
        self
    }

    pub fn seen_from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// Returns a client of the same server with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { credential: Credential::Token(token.to_owned()), ..self.clone() }
    }

    /// Returns the same client for another server.
    pub fn at(self, server: &TestServer) -> Self {
        self.through(server.router.clone())
    }

    /// Returns the same client for a router of the test's own.
    pub fn through(mut self, router: Router) -> Self {
        self.router = router;
        self
    }

    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let uri = if path.starts_with("/rpc/") || path.starts_with("//") {
            path.replacen("//", "/", 1)
        } else {
            format!("/api/v1{path}")
        };
        let request = Request::builder().method(method).uri(uri);
        match &self.credential {
            Credential::None => request,
            Credential::Token(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            Credential::ForeignCookie(cookie) => request
                .header(header::COOKIE, format!("__Host-uptrakit={cookie}"))
                .header("sec-fetch-site", "cross-site"),
            Credential::Cookie(cookie) => request
                .header(header::COOKIE, format!("__Host-uptrakit={cookie}"))
                .header("sec-fetch-site", "same-origin"),
        }
    }

    pub async fn send(&self, request: http::request::Builder, body: impl Into<Body>) -> Reply {
        let (parts, body) = self.open_request(request, body).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// Sends a request and returns the response before its body ends.
    pub async fn open(&self, path: &str) -> axum::response::Response {
        self.open_request(self.request(Method::GET, path), Body::empty()).await
    }

    pub async fn open_request(
        &self,
        request: http::request::Builder,
        body: impl Into<Body>,
    ) -> axum::response::Response {
        let mut request = request.body(body.into()).unwrap();
        request.extensions_mut().insert(Peer(format!("{}:50000", self.address).parse().unwrap()));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn with_json(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = self.request(method, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request, body.to_string()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path), Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path), Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.with_json(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.with_json(Method::PATCH, path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.with_json(Method::PUT, path, body).await
    }

    /// Creates a token and returns its id and its secret.
    pub async fn new_token(&self, body: Value) -> (String, String) {
        let token = self.post("/auth/api-tokens", body).await.ok(201);
        (token["id"].as_str().unwrap().to_owned(), token["token"].as_str().unwrap().to_owned())
    }
}

pub fn report(machine_id: &str) -> Value {
    json!({
        "machine_id": machine_id, "hostname": "nas", "os_name": "Debian GNU/Linux", "os_version": "12",
        "kernel": "6.1.0", "architecture": "x86_64", "pending_updates": 3, "security_updates": 1, "reboot_required": false
    })
}

impl TestServer {
    /// Asks this server for the account of a client of another server.
    pub async fn get_with(&self, client: &Client) -> Reply {
        client.clone().at(self).get("/auth/me").await
    }
}
