//! The parts of the process, put together once at its start.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;
use uptrakit_store::Store;

use crate::{
    auth::{
        authorized::Authenticator,
        last_used::LastUsed,
        oauth_limits::OAuthLimits,
        password::Hasher,
        rate_limit::{ClientNetwork, RateLimiter},
        read_grace::ReadGrace,
        rejected_tokens::RejectedTokenLog,
        verifier::Verifier,
    },
    clock::Clock,
    domain::feed::Feed,
    outage::Outage,
    probe::SharedProbe,
    public_url::PublicUrl,
    tasks::Tasks,
};

#[derive(Clone, Copy, Debug)]
pub struct TokenRules {
    pub limit: u32,
    pub longest_lifetime_days: Option<u32>,
    /// The lifetime that the form preselects, in days.
    pub default_lifetime_days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuthRules {
    pub is_on: bool,
    pub registration: bool,
    /// Applications may describe themselves in a document, which the server fetches.
    pub documents: bool,
}

impl Default for OAuthRules {
    fn default() -> Self {
        Self { is_on: true, registration: true, documents: false }
    }
}

#[derive(Debug)]
pub struct Core {
    pub store: Store,
    pub clock: Clock,
    pub verifier: Verifier,
    pub last_used: LastUsed,
    pub auth: Authenticator,
    pub hasher: Hasher,
    pub public_url: PublicUrl,
    pub trusted_proxies: Vec<ipnet::IpNet>,
    pub token_rules: TokenRules,
    pub oauth_rules: OAuthRules,
    pub feed: Feed,
    /// Failed sign-ins per login and client network: ten at once, then one every 20 seconds.
    pub login_failures: RateLimiter<(String, ClientNetwork)>,
    /// Failed sign-ins per client network, whatever the login: 50 at once, then one every 3 seconds.
    pub address_failures: RateLimiter<ClientNetwork>,
    /// Limits how long credentials are accepted while the database takes no writes. `None` means as long as it answers
    /// reads.
    pub read_grace: Option<Arc<ReadGrace>>,
    pub oauth_limits: OAuthLimits,
    read_probe: SharedProbe,
    write_probe: SharedProbe,
    sessions_probe: SharedProbe,
    /// What a check of the whole database has found. It stays until the process ends, because only a restore mends it.
    damage: OnceLock<Arc<str>>,
    pub tasks: Tasks,
    pub outage: Outage,
    /// Cancelled when the server begins to stop; streams end then.
    pub stopping: CancellationToken,
    /// Cancelled when no request is in flight any more.
    pub stopped: CancellationToken,
}

impl Core {
    pub async fn probe_reads(&self) -> Result<(), Arc<str>> {
        self.read_probe.ask(self.verifier.probe()).await
    }

    pub async fn probe_writes(&self) -> Result<(), Arc<str>> {
        let probe = async {
            let began = Instant::now();
            self.store.probe(self.clock.now()).await.map_err(|error| error.to_string())?;
            if let Some(grace) = &self.read_grace {
                grace.renew(began);
            }
            Ok(())
        };
        self.write_probe.ask(probe).await
    }

    /// Reads a whole SQLite file. Returns false when it is damaged, which the server is not ready with from then on;
    /// requests that don't need the damaged part are still answered.
    pub async fn check_data(&self) -> uptrakit_store::Result<bool> {
        if self.damage.get().is_none()
            && let Err(found) = self.store.check().await?
        {
            let damage = format!("the database is damaged ({found}); stop the server and restore a backup");
            tracing::error!("{damage}");
            let _ = self.damage.set(damage.into());
        }
        Ok(self.damage.get().is_none())
    }

    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damage.get().is_some()
    }

    /// Fails where the database can't do what requests need: check credentials, take writes, admit this server to every
    /// table, give each session a backend of its own, and be undamaged.
    pub async fn probe_database(&self) -> Result<(), Arc<str>> {
        if let Some(damage) = self.damage.get() {
            return Err(Arc::clone(damage));
        }
        // The pooler is checked first, because one that exchanges sessions makes all other checks fail with errors that
        // don't name it.
        let of_sessions = async {
            self.store.check_pooler().await.map_err(|error| error.to_string())?;
            self.store.check_rights().await.map_err(|error| error.to_string().into())
        };
        self.sessions_probe.ask(of_sessions).await?;
        self.probe_reads().await?;
        self.probe_writes().await
    }

    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        public_url: PublicUrl,
        trusted_proxies: Vec<ipnet::IpNet>,
        token_rules: TokenRules,
        oauth_rules: OAuthRules,
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
                accepts_access_tokens: oauth_rules.is_on,
                bearer_failures: RateLimiter::new(300, Duration::from_millis(200)),
                unknown_token_lookups: Semaphore::new(64),
            },
            verifier,
            feed: Feed::default(),
            last_used: LastUsed::default(),
            hasher: Hasher::default(),
            login_failures: RateLimiter::new(10, Duration::from_secs(20)),
            address_failures: RateLimiter::new(50, Duration::from_secs(3)),
            oauth_limits: OAuthLimits::default(),
            read_grace,
            read_probe: SharedProbe::default(),
            write_probe: SharedProbe::default(),
            sessions_probe: SharedProbe::default(),
            damage: OnceLock::new(),
            tasks,
            outage: Outage::default(),
            stopping: CancellationToken::new(),
            stopped: CancellationToken::new(),
            store,
            clock,
            public_url,
            trusted_proxies,
            token_rules,
            oauth_rules,
        })
    }
}
