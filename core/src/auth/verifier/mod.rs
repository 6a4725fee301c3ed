//! The verifier checks every credential against a state of the database that is no older than the request, at the cost
//! of one small read for all requests that wait at the same moment.
//!
//! Every change that can take permissions away moves a single row, the epoch, in its own transaction. A request joins
//! the open batch. A batch is closed before its reads begin, so that what it reads is newer than the arrival of every
//! request in it. The batch reads the epoch once. If the epoch is unchanged, everything that was read before still
//! holds; if it moved, the accounts that the moves were about are invalidated, and read again when a request needs
//! them. The verifier relies on no expiry times, timers or messages, and any number of processes may do this on one
//! database.
//!
//! An epoch has a meaning only within one history of one database. After a failover that lost commits, the surviving
//! server may reach a number that this process knows from another change. Therefore the epoch is compared as an
//! [`uptrakit_store::epoch::EpochPoint`], and if the moves do not lead from the known point to the current one, the
//! whole cache is invalidated.
//!
//! On SQLite most requests need no batch: if nothing was committed to the file since the epoch was last read
//! ([`Store::commits`]), the epoch is unchanged and the cache holds.
//!
//! The single task that runs batches keeps the invariant: *whatever is cached reflects the database at the cached epoch
//! or later*. An entry that is read after the epoch may be newer than the epoch it is stored under; then the next move
//! invalidates it once too often, never once too seldom. A crate for caches knows size and time alone, and would have to be
//! wrapped in all of this.

mod batch;
mod cache;
mod counters;

use std::{
    net::IpAddr,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};
use uptrakit_api::Timestamp;
use uptrakit_store::Store;

use self::{
    batch::{Batch, run_batches},
    cache::Cache,
};
pub use self::{
    cache::{CachedAccount, CachedCredential},
    counters::Counters,
};
use super::{
    credential::{AuthError, Key, Need, Rejection},
    digest::Digest,
    future_overlaps::FutureOverlaps,
    read_grace::ReadGrace,
};
use crate::lock::Mutex;
use crate::{clock::Clock, tasks::Tasks};

#[derive(Clone, Debug)]
pub struct Verifier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    clock: Clock,
    read_grace: Option<Arc<ReadGrace>>,
    open: Mutex<Arc<Batch>>,
    wake: Notify,
    release: AtomicBool,
    notices_commits: AtomicBool,
    future_overlaps: FutureOverlaps,
    cache: Mutex<Cache>,
    counters: Counters,
    /// Dropping this guard, with the last clone of the verifier, ends the task.
    _end: DropGuard,
}

impl Verifier {
    #[must_use]
    pub fn start(store: Store, clock: Clock, read_grace: Option<Arc<ReadGrace>>, tasks: &Tasks) -> Self {
        let end = CancellationToken::new();
        let shared = Arc::new(Shared {
            store,
            clock,
            read_grace,
            open: Mutex::default(),
            wake: Notify::new(),
            release: AtomicBool::new(false),
            notices_commits: AtomicBool::new(false),
            future_overlaps: FutureOverlaps::default(),
            cache: Mutex::default(),
            counters: Counters::default(),
            _end: end.clone().drop_guard(),
        });
        let weak = Arc::downgrade(&shared);
        tasks.supervise("verifier", end, move || run_batches(Weak::clone(&weak)));
        Self(shared)
    }

    /// Checks that the credential may do what is needed from this address, against a state of the database that is no
    /// older than this call.
    pub async fn authorize(&self, key: Key, need: Need, address: IpAddr) -> Result<Arc<CachedCredential>, AuthError> {
        let outcome = self.find_and_check(key, need, address).await;
        let counter = match &outcome {
            Ok(_) => &self.0.counters.granted,
            Err(AuthError::Rejected(_)) => &self.0.counters.refused,
            Err(_) => &self.0.counters.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    async fn find_and_check(&self, key: Key, need: Need, address: IpAddr) -> Result<Arc<CachedCredential>, AuthError> {
        self.check_grace()?;
        let mut entry = self.get(key).await?;
        let mut checked = self.check(&entry, need, address);
        if checked == Err(Rejection::SessionOver) {
            // The session is idle as far as this process knows; another process may have seen a use and written it to
            // the database.
            self.0.cache.lock().forget(key);
            entry = self.get(key).await?;
            checked = self.check(&entry, need, address);
        }
        checked.map(|()| entry).map_err(AuthError::Rejected)
    }

    fn check(&self, entry: &CachedCredential, need: Need, address: IpAddr) -> Result<(), Rejection> {
        let now = self.0.clock.now();
        let credential = self.0.future_overlaps.apply(entry.key, &entry.credential, now);
        credential.check(&entry.account.state, need, address, now, entry.used_at())
    }

    #[must_use]
    pub fn ends_at(&self, entry: &CachedCredential) -> Option<Timestamp> {
        self.0.future_overlaps.apply(entry.key, &entry.credential, self.0.clock.now()).ends_at()
    }

    #[must_use]
    pub fn future_overlaps(&self) -> &FutureOverlaps {
        &self.0.future_overlaps
    }

    async fn get(&self, key: Key) -> Result<Arc<CachedCredential>, AuthError> {
        self.find(key).await?.ok_or(AuthError::Rejected(match key {
            Key::Token(_) | Key::Access(..) => Rejection::Unknown,
            Key::Session(_) => Rejection::SessionOver,
        }))
    }

    fn check_grace(&self) -> Result<(), AuthError> {
        self.0.read_grace.as_ref().map_or(Ok(()), |grace| grace.check(Instant::now())).map_err(AuthError::Unavailable)
    }

    /// Returns an error when credentials can't be checked now. It looks up a token and a session that don't exist, as a
    /// request would.
    pub async fn probe(&self) -> Result<(), Arc<str>> {
        let outcome = async {
            self.check_grace()?;
            let digest = Digest::of("");
            tokio::try_join!(self.find(Key::Token(digest)), self.find(Key::Session(digest)))
        };
        match outcome.await {
            Err(AuthError::Unavailable(cause)) => Err(cause),
            _ => Ok(()),
        }
    }

    /// Applies every move of the epoch that was committed before this call, so that requests in flight in this process
    /// are checked again.
    pub async fn catch_up(&self) -> Result<(), AuthError> {
        self.join(None).await.map(drop)
    }

    #[must_use]
    pub fn knows(&self, key: Key) -> bool {
        self.0.cache.lock().get(key).is_some()
    }

    /// Returns the cached credential without asking the database. The result may describe the credential, but must not
    /// authorize anything.
    #[must_use]
    pub fn peek(&self, key: Key) -> Option<Arc<CachedCredential>> {
        self.0.cache.lock().get(key)
    }

    #[must_use]
    pub fn count_in_flight(&self, keys: &[Key]) -> usize {
        let cache = self.0.cache.lock();
        let halves = |key: &Key| [cache.young.get(key), cache.old.get(key)];
        keys.iter().flat_map(halves).flatten().map(|entry| entry.in_flight.load(Ordering::Relaxed)).sum()
    }

    /// Makes the verifier rely on [`Store::commits`] from now on. The caller must have checked them with
    /// [`Store::notices_commits`].
    pub fn rely_on_commits(&self) {
        self.0.notices_commits.store(true, Ordering::SeqCst);
    }

    /// Invalidates the whole cache, so that every request in flight is checked again, because the epoch may have moved
    /// unseen.
    pub fn distrust(&self) {
        self.0.cache.lock().forget_all();
    }

    /// Makes the task return its connection, so that the database can be closed. It takes another one when a request
    /// needs it.
    pub fn release(&self) {
        self.0.release.store(true, Ordering::SeqCst);
        self.0.wake.notify_one();
    }

    #[must_use]
    pub fn cache_size(&self) -> usize {
        let cache = self.0.cache.lock();
        cache.young.len() + cache.old.len()
    }

    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    async fn find(&self, key: Key) -> Result<Option<Arc<CachedCredential>>, AuthError> {
        let (cached, validated) = {
            let mut cache = self.0.cache.lock();
            (cache.get(key), cache.validated.clone())
        };
        if cached.is_some() {
            // The mark is read now, after the request's arrival: if it is unchanged, the epoch is still the one that
            // the cache was brought to.
            if validated.is_some_and(|(commits, mark)| commits.mark() == Some(mark)) {
                self.0.counters.validated.fetch_add(1, Ordering::Relaxed);
                return Ok(cached);
            }
            self.join(None).await?;
            // The batch has invalidated the entry if the epoch moved for its account.
            if let Some(entry) = cached.filter(|entry| entry.account.is_current()) {
                return Ok(Some(entry));
            }
        }
        loop {
            if let Some(found) = self.join(Some(key)).await? {
                return Ok(found);
            }
        }
    }

    /// Joins the open batch and waits for it. Returns `None` when no credential was asked for, or when the batch had no
    /// room left to look it up.
    async fn join(&self, wanted: Option<Key>) -> Result<Option<Option<Arc<CachedCredential>>>, AuthError> {
        let batch = {
            let open = self.0.open.lock();
            open.members.fetch_add(1, Ordering::Relaxed);
            if let Some(key) = wanted {
                open.wanted.lock().insert(key);
            }
            Arc::clone(&open)
        };
        let done = batch.done.notified();
        self.0.wake.notify_one();
        if batch.outcome.get().is_none() {
            done.await;
        }
        match batch.outcome.get() {
            Some(Ok(found)) => match wanted.and_then(|key| found.get(&key)) {
                Some(Ok(entry)) => Ok(Some(entry.clone())),
                Some(Err(row)) => Err(AuthError::Unavailable(row.to_string().into())),
                None => Ok(None),
            },
            Some(Err(reason)) => Err(AuthError::Unavailable(Arc::clone(reason))),
            None => Err(AuthError::Unavailable("the verifier has stopped".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::Ordering};

    use super::{AuthError, Batch, Key, Need, Rejection, Verifier, batch::ClosedBatch};
    use crate::{auth::digest::Digest, clock::Clock, tasks::Tasks};
    use uptrakit_store::Store;

    #[tokio::test]
    async fn a_request_whose_batch_panics_is_answered_and_the_next_one_is_checked() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let store = Store::open(&url, 1).await.unwrap();
        let verifier = Verifier::start(store, Clock::System, None, &Tasks::default());
        let unknown = Key::Token(Digest::of("unknown"));
        let ask = || verifier.authorize(unknown, Need::Anything, [127, 0, 0, 1].into());
        // This does what the task does, before the task can.
        let batch: Arc<Batch> = Arc::clone(&verifier.0.open.lock());
        let (asked, ()) = tokio::join!(ask(), async {
            while batch.members.load(Ordering::Relaxed) == 0 {
                tokio::task::yield_now().await;
            }
            drop(std::mem::take(&mut *verifier.0.open.lock()));
            let shared = Arc::clone(&verifier.0);
            let panicked = tokio::spawn(async move {
                let _closed = ClosedBatch { shared: &shared, batch: &batch };
                panic!("in the middle of a batch");
            });
            assert!(panicked.await.unwrap_err().is_panic());
        });
        assert!(matches!(asked, Err(AuthError::Unavailable(_))), "{asked:?}");
        assert!(matches!(ask().await, Err(AuthError::Rejected(Rejection::Unknown))));
    }
}
