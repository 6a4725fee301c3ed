//! Fetches the documents in which applications describe themselves (OAuth Client ID Metadata Document, draft 00).
//!
//! Anybody can name an address for the server to fetch. So it fetches from addresses of the internet alone, from the
//! one that it has checked, without following redirects, and gives up on what is large or slow.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use uptrakit_core::{
    domain::oauth::{
        document::{Document, DocumentUrl, LARGEST, fresh_for, is_public},
        registration::Registration,
    },
    loggable,
};
use ureq::{
    Agent,
    config::Config,
    http::{Uri, header},
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_AT_ONCE: usize = 8;

/// The ways out of this machine, which tests replace.
pub struct Network {
    pub resolve: Box<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>,
    /// Returns where an address and the port of https are reached.
    pub reach: Box<dyn Fn(IpAddr) -> SocketAddr + Send + Sync>,
    /// The one certificate authority to trust; `None` means those of the system.
    pub authority: Option<Certificate<'static>>,
}

#[derive(Clone)]
pub struct Documents(Arc<(Network, Semaphore)>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("The document in which the application describes itself could not be fetched.")]
    Unreachable,
    #[error("The document in which the application describes itself is at no address of the internet.")]
    NotPublic,
    #[error("The document in which the application describes itself can't be used: {0}")]
    Unusable(String),
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Documents")
    }
}

impl Default for Network {
    fn default() -> Self {
        let resolve = |host: String| -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, 443)).await?.map(|found| found.ip()).collect()) })
        };
        let reach = |address| SocketAddr::new(address, 443);
        Self { resolve: Box::new(resolve), reach: Box::new(reach), authority: None }
    }
}

impl Documents {
    #[must_use]
    pub fn new(network: Network) -> Self {
        Self(Arc::new((network, Semaphore::new(MOST_AT_ONCE))))
    }

    /// Returns what the document says, and for how long that counts.
    pub async fn fetch(&self, url: &DocumentUrl) -> Result<(Registration, Duration), DocumentError> {
        let fetched = tokio::time::timeout(TIMEOUT, self.fetch_in_time(url)).await;
        let fetched = fetched.unwrap_or(Err(DocumentError::Unreachable));
        if let Err(error) = &fetched {
            tracing::info!(url = loggable(&url.text), %error, "a document of an application was refused");
        }
        fetched
    }

    async fn fetch_in_time(&self, url: &DocumentUrl) -> Result<(Registration, Duration), DocumentError> {
        let unusable = |why: &str| DocumentError::Unusable(why.to_owned());
        let (network, places) = &*self.0;
        let _place = places.acquire().await.map_err(|_| DocumentError::Unreachable)?;
        let addresses = (network.resolve)(url.host.clone()).await.map_err(|_| DocumentError::Unreachable)?;
        let address = addresses.into_iter().find(|address| is_public(*address));
        let address = address.ok_or(DocumentError::NotPublic)?;
        let agent = agent((network.reach)(address), network.authority.clone());
        let text = url.text.clone();
        let got =
            tokio::task::spawn_blocking(move || get(&agent, &text)).await.map_err(|_| DocumentError::Unreachable)?;
        let answer = got.map_err(|_| DocumentError::Unreachable)?;
        if answer.status != 200 {
            return Err(DocumentError::Unusable(format!("the answer has status {}.", answer.status)));
        }
        let essence = answer.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
            return Err(unusable("its Content-Type is not application/json."));
        }
        let bytes = answer.body.ok_or_else(|| unusable("it is over 5 kB."))?;
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|_| unusable("it is no JSON object of the right form."))?;
        let registration = document.check(url).map_err(|error| unusable(&error.description))?;
        Ok((registration, fresh_for(&answer.cache_control)))
    }
}

fn agent(address: SocketAddr, authority: Option<Certificate<'static>>) -> Agent {
    let roots = authority.map_or(RootCerts::PlatformVerifier, |authority| RootCerts::new_with_certs(&[authority]));
    let config = Agent::config_builder()
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(TIMEOUT))
        .max_response_header_size(16_000)
        .user_agent(concat!("uptrakit/", env!("CARGO_PKG_VERSION")))
        .accept("application/json")
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build();
    Agent::with_parts(config, DefaultConnector::new(), Pinned(address))
}

struct Answer {
    status: u16,
    content_type: String,
    cache_control: String,
    /// The body is `None` when it is too large.
    body: Option<Vec<u8>>,
}

fn get(agent: &Agent, url: &str) -> Result<Answer, ureq::Error> {
    let mut response = agent.get(url).call()?;
    let named = |name| {
        let values = response.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(",")
    };
    let (content_type, cache_control) = (named(header::CONTENT_TYPE), named(header::CACHE_CONTROL));
    let body = match response.body_mut().with_config().limit(LARGEST as u64).read_to_vec() {
        Ok(bytes) => Some(bytes),
        Err(ureq::Error::BodyExceedsLimit(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Answer { status: response.status().as_u16(), content_type, cache_control, body })
}

/// Answers every name with the address that was checked.
#[derive(Debug)]
struct Pinned(SocketAddr);

impl Resolver for Pinned {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}
