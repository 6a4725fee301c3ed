//! What the process is made of, put together once.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;
use uptrakit_store::Store;

use crate::{
    auth::{
        authorized::Authenticator,
        last_used::LastUsed,
        password::Hasher,
        rate_limit::{ClientNetwork, RateLimiter},
        read_grace::ReadGrace,
        rejected_tokens::RejectedTokenLog,
        verifier::Verifier,
    },
    clock::Clock,
    domain::{audit, feed::Feed},
    outage::Outage,
    probe::SharedProbe,
    public_url::PublicUrl,
    tasks::Tasks,
};

/// How long to wait for connections that are still in use when the server closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What an administrator may set about tokens.
#[derive(Clone, Copy, Debug)]
pub struct TokenRules {
    /// Active tokens per account at most.
    pub limit: u32,
    /// The longest that a new token may live, in days.
    pub longest_lifetime_days: Option<u32>,
    /// The lifetime that the form preselects, in days.
    pub default_lifetime_days: u32,
}

/// The parts of the process.
#[derive(Debug)]
pub struct Core {
    /// The database.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// Who may do what.
    pub verifier: Verifier,
    /// When credentials were last used.
    pub last_used: LastUsed,
    /// What it takes to judge credentials.
    pub auth: Authenticator,
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
    pub login_failures: RateLimiter<(String, ClientNetwork)>,
    /// Failed sign-ins from an address, whatever was typed: fifty, then one every 3 seconds.
    pub address_failures: RateLimiter<ClientNetwork>,
    /// How long credentials are judged while the database takes no writes; without it, as long as it answers reads.
    pub read_grace: Option<Arc<ReadGrace>>,
    read_probe: SharedProbe,
    write_probe: SharedProbe,
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
    pub async fn write_notes(&self) -> uptrakit_store::Result<()> {
        let written = self.last_used.flush(&self.store, self.clock.now(), true).await;
        written.and(audit::write_rejected_tokens(self).await)
    }

    /// Writes what is still in memory and closes the database. Nothing can be done after it.
    pub async fn close(&self) -> uptrakit_store::Result<()> {
        self.stopping.cancel();
        self.stopped.cancel();
        let flushed = self.write_notes().await;
        self.verifier.release();
        // Whoever still holds a connection is cut off: all that was acknowledged is on the disk already.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.store.close()).await;
        flushed
    }

    /// Whether credentials can be judged.
    pub async fn probe_reads(&self) -> Result<(), Arc<str>> {
        self.read_probe.ask(self.verifier.probe()).await
    }

    /// Whether the database takes writes.
    pub async fn probe_writes(&self) -> Result<(), Arc<str>> {
        let probe = async {
            let began = Instant::now();
            self.store.probe(self.clock.now().0).await.map_err(|error| error.to_string())?;
            if let Some(grace) = &self.read_grace {
                grace.renew(began);
            }
            Ok(())
        };
        self.write_probe.ask(probe).await
    }

    /// Puts the parts together and starts the verifier.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        public_url: PublicUrl,
        trusted_proxies: Vec<ipnet::IpNet>,
        token_rules: TokenRules,
        reads_without_writes: Option<Duration>,
    ) -> Arc<Self> {
        let tasks = Tasks::default();
        let read_grace = reads_without_writes.map(|limit| Arc::new(ReadGrace::new(limit)));
        let verifier = Verifier::start(store.clone(), clock.clone(), read_grace.clone(), &tasks);
        Arc::new(Self {
            auth: Authenticator {
                verifier: verifier.clone(),
                clock: clock.clone(),
                rejected_tokens: RejectedTokenLog::default(),
                bearer_failures: RateLimiter::new(300, Duration::from_millis(200)),
                unknown_token_lookups: Semaphore::new(64),
            },
            verifier,
            feed: Feed::default(),
            last_used: LastUsed::default(),
            hasher: Hasher::default(),
            login_failures: RateLimiter::new(10, Duration::from_secs(20)),
            address_failures: RateLimiter::new(50, Duration::from_secs(3)),
            read_grace,
            read_probe: SharedProbe::default(),
            write_probe: SharedProbe::default(),
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
