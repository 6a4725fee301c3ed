//! What the process is made of, put together once.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{
        password::Hasher,
        refusals::Refusals,
        throttle::{Source, Throttle},
        usage::Usage,
        verifier::Verifier,
    },
    clock::Clock,
    domain::{feed::Feed, trail},
    outage::Outage,
    settings::{PublicUrl, TokenRules},
    store::{Store, readiness::Readiness},
    tasks::Tasks,
};

/// How long to wait for connections that are still in use when the server closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The parts, shared by every request.
pub type App = Arc<Core>;

/// The parts.
#[derive(Debug)]
pub struct Core {
    /// The database.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// Who may do what.
    pub verifier: Verifier,
    /// When credentials were last used.
    pub usage: Usage,
    /// Dead tokens that were presented.
    pub refusals: Refusals,
    /// Passwords.
    pub hasher: Hasher,
    /// Where browsers find the server.
    pub public_url: PublicUrl,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Rules for tokens.
    pub token_rules: TokenRules,
    /// Changes of hosts, for those who follow them.
    pub feed: Feed,
    /// Failed sign-ins by what was typed and from where: ten, then one every 20 seconds.
    pub login_failures: Throttle<(String, Source)>,
    /// Failed sign-ins from an address, whatever was typed: fifty, then one every 3 seconds.
    pub address_failures: Throttle<Source>,
    /// Bearer tokens from an address that are none: 300, then five a second.
    pub bearer_failures: Throttle<Source>,
    /// Places for look-ups of unknown tokens from addresses that have failed too often.
    pub suspects: Semaphore,
    /// Probes of the database.
    pub readiness: Readiness,
    /// What runs in the background.
    pub tasks: Tasks,
    /// Whether requests fail because of the database.
    pub outage: Outage,
    /// Cancelled when the server begins to stop: streams end.
    pub stopping: CancellationToken,
    /// Cancelled when nothing is under way any more.
    pub stopped: CancellationToken,
}

impl Core {
    /// Writes what is noted in memory: last uses, and refused tokens.
    pub async fn write_notes(&self) -> sqlx::Result<()> {
        let written = self.usage.flush(&self.store, self.clock.now(), true).await;
        written.and(trail::write_refusals(self).await)
    }

    /// Writes what is still in memory and closes the database. Nothing can be done after it.
    pub async fn close(&self) -> sqlx::Result<()> {
        self.stopping.cancel();
        self.stopped.cancel();
        let flushed = self.write_notes().await;
        self.verifier.release();
        // Whoever still holds a connection is cut off: all that was acknowledged is on the disk already.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.store.close()).await;
        flushed
    }

    /// Puts the parts together and starts the verifier.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        public_url: PublicUrl,
        trusted_proxies: Vec<ipnet::IpNet>,
        token_rules: TokenRules,
    ) -> App {
        let tasks = Tasks::default();
        Arc::new(Self {
            verifier: Verifier::start(store.clone(), clock.clone(), &tasks),
            feed: Feed::default(),
            usage: Usage::default(),
            refusals: Refusals::default(),
            hasher: Hasher::default(),
            login_failures: Throttle::new(10, Duration::from_secs(20)),
            address_failures: Throttle::new(50, Duration::from_secs(3)),
            bearer_failures: Throttle::new(300, Duration::from_millis(200)),
            suspects: Semaphore::new(64),
            readiness: Readiness::default(),
            tasks,
            outage: Outage::default(),
            stopping: CancellationToken::new(),
            stopped: CancellationToken::new(),
            store,
            clock,
            public_url,
            trusted_proxies,
            token_rules,
        })
    }
}
