//! Serves the designs that are compared, each in a process of its own: bare axum, one SELECT per request, the product.

use std::process::Stdio;

use anyhow::{Context, Result};
use axum::{Router, extract::State, routing::get};
use clap::ValueEnum;
use http::{HeaderMap, StatusCode, header};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};
use uptrakit_core::{
    auth::digest::Digest,
    clock::Clock,
    jobs,
    public_url::PublicUrl,
    state::{Core, OAuthRules, TokenRules},
};
use uptrakit_server::http::{Offer, router, serve as serve_http};
use uptrakit_store::{Store, credentials};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Design {
    /// The server checks no credential.
    Bare,
    /// The server looks each credential up with a SELECT of its own.
    Select,
    /// The server checks credentials as the product does.
    Product,
}

#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
}

impl Design {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Select => "select",
            Self::Product => "product",
        }
    }
}

impl Server {
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Returns the resident memory in KiB, or 0 where it can't be read.
    pub fn memory_kib(&self) -> u64 {
        self.kib("VmRSS:")
    }

    /// Returns the resident memory without that of files, such as the program's own code, in KiB.
    pub fn allocated_kib(&self) -> u64 {
        self.kib("RssAnon:")
    }

    fn kib(&self, field: &str) -> u64 {
        let id = self.child.id().unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// Returns the processor time used so far in microseconds, or 0 where it can't be read.
    pub fn processor_micros(&self) -> u64 {
        let id = self.child.id().unwrap_or_default();
        // The first number is the time on a processor in nanoseconds. It is that of one thread, so the threads are
        // summed up.
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        let time = |path: std::path::PathBuf| {
            let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
            text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
        };
        tasks.map(|task| time(task.path())).sum::<u64>() / 1_000
    }
}

/// Starts a design in another process, which ends when the value is dropped.
pub async fn start(design: Design, database: &str) -> Result<Server> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["serve", design.name(), database])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().context("the server has no output")?;
    let address = BufReader::new(stdout).lines().next_line().await?.context("the server did not start")?;
    Ok(Server { child, address })
}

pub async fn serve(design: Design, database: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = match design {
        Design::Bare => Router::new().route("/api/v1/auth/me", get(payload)),
        Design::Select => {
            let store = Store::open(database, 8).await?;
            Router::new().route("/api/v1/auth/me", get(select)).with_state(store)
        }
        Design::Product => {
            let store = Store::open(database, 8).await?;
            let url = PublicUrl::parse(&format!("http://{address}"))?;
            let rules = TokenRules { limit: 100, longest_lifetime_days: None, default_lifetime_days: 90 };
            let app = Core::new(store, Clock::System, url, Vec::new(), rules, OAuthRules::default(), None);
            jobs::start(&app).await?;
            router(&app, Offer { listen: address, mcp: true })
        }
    };
    println!("{address}");
    serve_http::serve(listener, router, serve_http::HEAD_TIMEOUT, std::future::pending()).await;
    Ok(())
}

/// Returns a body of the size and type that `auth/me` answers with.
async fn payload() -> ([(header::HeaderName, &'static str); 1], &'static str) {
    const BODY: &str = concat!(
        r#"{"id":"01a20a87-8177-7436-87ac-da82823325a0","username":"bench-01a20a87817774368","email":"bench@example.org","#,
        r#""roles":["administrator"],"permissions":["hosts:read","hosts:report","hosts:write","tokens:write","users:manage","#,
        r#""audit:read"],"created_at":"2026-01-01T00:00:00.000Z","token":{"id":"01a20a87-81e2-7614-8abe-1858c7af9e28","#,
        r#""name":"token 1","hint":"upk_qotO…KylU","state":"active","permissions":null,"allowed_networks":null,"#,
        r#""created_at":"2026-01-01T00:00:00.000Z","expires_at":null,"last_used_at":null,"last_used_ip":null,"revoked_at":null}}"#
    );
    ([(header::CONTENT_TYPE, "application/json")], BODY)
}

/// Serves the naive design, which looks the token up for each request.
async fn select(
    State(store): State<Store>,
    headers: HeaderMap,
) -> Result<([(header::HeaderName, &'static str); 1], &'static str), StatusCode> {
    let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let digest = Digest::of(text.ok_or(StatusCode::UNAUTHORIZED)?);
    let mut reader = store.read().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let found =
        credentials::list_tokens(reader.conn(), &[digest]).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    if found.is_empty() { Err(StatusCode::UNAUTHORIZED) } else { Ok(payload().await) }
}
