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
//! [`epoch::EpochPoint`], and if the moves do not lead from the known point to the current one, the whole cache is
//! invalidated.
//!
//! On SQLite most requests need no batch: if nothing was committed to the file since the epoch was last read
//! ([`Store::commits`]), the epoch is unchanged and the cache holds.
//!
//! The single task that runs batches keeps the invariant: *whatever is cached reflects the database at the cached epoch
//! or later*. An entry that is read after the epoch may be newer than the epoch it is stored under; then the next move
//! invalidates it once too often, never once too seldom.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};
use uptrakit_api::{AccountId, Timestamp};
use uptrakit_store::{
    Connection, Store, credentials,
    epoch::{self, EpochMove, EpochPoint},
    wal_index::{WalIndex, WalSnapshot},
};

use super::{
    credential::{AccountState, AuthError, Credential, Found, InconsistentRow, Key, Need, Rejection},
    digest::Digest,
    read_grace::ReadGrace,
};
use crate::{clock::Clock, tasks::Tasks};

/// A batch fails for all its requests when the database takes longer than this.
const BATCH_TIMEOUT: Duration = Duration::from_secs(2);
const CACHE_HALF: usize = 65_536;
/// Invalidating the whole cache is cheaper than reading more moves of the epoch than this.
const MOST_CHANGES: i64 = 4_096;
/// A batch looks up at most this many uncached credentials; the others wait for the next batch.
const MOST_LOOKUPS: usize = 512;

/// An account as of some epoch, shared by all its cached credentials. When the epoch moves for it, it is invalidated:
/// its credentials no longer count as cached, and requests in flight are notified to have theirs checked again.
#[derive(Debug)]
pub struct CachedAccount {
    pub state: AccountState,
    invalidated: CancellationToken,
}

#[derive(Debug)]
pub struct CachedCredential {
    pub key: Key,
    pub account: Arc<CachedAccount>,
    pub credential: Credential,
    /// The last use in milliseconds since the Unix epoch, or 0 when there was none.
    pub(super) used_at: AtomicI64,
    pub(super) used_from: Mutex<Option<IpAddr>>,
    /// The program that used the credential first in this process: empty before that use, and `None` when the client
    /// did not name itself.
    pub(super) program: OnceLock<Option<Box<str>>>,
    /// The value of `used_at` that was last written to the database.
    pub(super) written_at: AtomicI64,
    pub(super) dirty: AtomicBool,
    in_flight: AtomicUsize,
}

#[derive(Debug, Default)]
pub struct Counters {
    pub batches: AtomicU64,
    pub batched: AtomicU64,
    /// Requests that needed no batch, because nothing had been committed.
    pub standing: AtomicU64,
    pub lookups: AtomicU64,
    /// Batches that found an epoch other than the cached one; the first batch counts as well.
    pub moves: AtomicU64,
    pub granted: AtomicU64,
    pub refused: AtomicU64,
    pub unavailable: AtomicU64,
}

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
    cache: Mutex<Cache>,
    counters: Counters,
    /// Dropping this guard, with the last clone of the verifier, ends the task.
    _end: DropGuard,
}

#[derive(Debug, Default)]
struct Batch {
    members: AtomicU64,
    wanted: Mutex<HashSet<Key>>,
    outcome: OnceLock<Outcome>,
    done: Notify,
}

/// The entry of each credential that the batch was asked for, or `None` when the database has none.
type Outcome = Result<HashMap<Key, Option<Arc<CachedCredential>>>, Arc<str>>;

/// The cache has two halves. Entries are added to `young`; when that is full it becomes `old`, and the entries of the
/// previous `old` that were neither used since nor are held by a request are dropped. This bounds the memory, and no
/// scan takes long.
#[derive(Debug, Default)]
struct Cache {
    /// The point of the database's history that the cache was brought to; an entry may be newer.
    epoch: Option<EpochPoint>,
    /// A snapshot of SQLite's WAL index from just before the epoch was last read. While the index still equals it,
    /// nothing was committed since. `None` where that can't be known.
    standing: Option<(WalIndex, WalSnapshot)>,
    young: HashMap<Key, Arc<CachedCredential>>,
    old: HashMap<Key, Arc<CachedCredential>>,
    accounts: HashMap<AccountId, Weak<CachedAccount>>,
}

impl CachedAccount {
    pub async fn invalidated(&self) {
        self.invalidated.cancelled().await;
    }

    pub fn is_current(&self) -> bool {
        !self.invalidated.is_cancelled()
    }
}

impl CachedCredential {
    fn new(key: Key, account: Arc<CachedAccount>, credential: Credential) -> Self {
        let used_at = match &credential {
            // The use is that of the secret, not of the token: the first use of a new secret is written soon, however
            // recently the old one was used.
            Credential::Token(token) => token.secret_used_at.map_or(0, |at| at.0),
            Credential::Session(session) => session.last_active_at.0,
        };
        Self {
            key,
            account,
            credential,
            used_at: AtomicI64::new(used_at),
            used_from: Mutex::new(None),
            program: OnceLock::new(),
            written_at: AtomicI64::new(used_at),
            dirty: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub fn judge(&self, need: Need, address: IpAddr, now: Timestamp) -> Result<(), Rejection> {
        self.credential.judge(&self.account.state, need, address, now, self.used_at())
    }

    pub(super) fn enter(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Verifier {
    /// Starts the task that runs batches. It ends with the last clone of the verifier.
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
    pub async fn authorise(&self, key: Key, need: Need, address: IpAddr) -> Result<Arc<CachedCredential>, AuthError> {
        let outcome = self.judge(key, need, address).await;
        let counter = match &outcome {
            Ok(_) => &self.0.counters.granted,
            Err(AuthError::Rejected(_)) => &self.0.counters.refused,
            Err(_) => &self.0.counters.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    async fn judge(&self, key: Key, need: Need, address: IpAddr) -> Result<Arc<CachedCredential>, AuthError> {
        self.check_grace()?;
        let mut entry = self.get(key).await?;
        let mut judged = entry.judge(need, address, self.0.clock.now());
        if judged == Err(Rejection::SessionOver) {
            // The session is idle as far as this process knows; another process may have seen a use and written it to
            // the database.
            lock(&self.0.cache).forget(key);
            entry = self.get(key).await?;
            judged = entry.judge(need, address, self.0.clock.now());
        }
        judged.map(|()| entry).map_err(AuthError::Rejected)
    }

    async fn get(&self, key: Key) -> Result<Arc<CachedCredential>, AuthError> {
        self.find(key).await?.ok_or(AuthError::Rejected(match key {
            Key::Token(_) => Rejection::Unknown,
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
        lock(&self.0.cache).get(key).is_some()
    }

    /// Returns the cached credential without asking the database. The result may describe the credential, but must not
    /// authorise anything.
    #[must_use]
    pub fn peek(&self, key: Key) -> Option<Arc<CachedCredential>> {
        lock(&self.0.cache).get(key)
    }

    /// Counts the requests and streams in flight in this process under the token secrets with these digests.
    #[must_use]
    pub fn count_in_flight(&self, digests: &[Digest]) -> usize {
        let cache = lock(&self.0.cache);
        let halves = |digest: &Digest| [cache.young.get(&Key::Token(*digest)), cache.old.get(&Key::Token(*digest))];
        digests.iter().flat_map(halves).flatten().map(|entry| entry.in_flight.load(Ordering::Relaxed)).sum()
    }

    /// Makes the verifier rely on [`Store::commits`] from now on. The caller must have checked them with
    /// [`Store::notices_commits`].
    pub fn rely_on_commits(&self) {
        self.0.notices_commits.store(true, Ordering::SeqCst);
    }

    /// Invalidates the whole cache, so that every request in flight is checked again, because the epoch may have moved
    /// unseen.
    pub fn distrust(&self) {
        lock(&self.0.cache).forget_all();
    }

    /// Makes the task return its connection, so that the database can be closed. It takes another one when a request
    /// needs it.
    pub fn release(&self) {
        self.0.release.store(true, Ordering::SeqCst);
        self.0.wake.notify_one();
    }

    #[must_use]
    pub fn cache_size(&self) -> usize {
        let cache = lock(&self.0.cache);
        cache.young.len() + cache.old.len()
    }

    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    async fn find(&self, key: Key) -> Result<Option<Arc<CachedCredential>>, AuthError> {
        let (cached, standing) = {
            let mut cache = lock(&self.0.cache);
            (cache.get(key), cache.standing.clone())
        };
        if cached.is_some() {
            // The mark is read now, after the request's arrival: if it is unchanged, the epoch is still the one that
            // the cache was brought to.
            if standing.is_some_and(|(commits, mark)| commits.mark() == Some(mark)) {
                self.0.counters.standing.fetch_add(1, Ordering::Relaxed);
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
            let open = lock(&self.0.open);
            open.members.fetch_add(1, Ordering::Relaxed);
            if let Some(key) = wanted {
                lock(&open.wanted).insert(key);
            }
            Arc::clone(&open)
        };
        let done = batch.done.notified();
        self.0.wake.notify_one();
        if batch.outcome.get().is_none() {
            done.await;
        }
        match batch.outcome.get() {
            Some(Ok(found)) => Ok(wanted.and_then(|key| found.get(&key).cloned())),
            Some(Err(reason)) => Err(AuthError::Unavailable(Arc::clone(reason))),
            None => Err(AuthError::Unavailable("the verifier has stopped".into())),
        }
    }
}

async fn run_batches(shared: Weak<Shared>) {
    let mut link = None;
    loop {
        let Some(strong) = shared.upgrade() else { return };
        let waited = tokio::time::timeout(Duration::from_secs(1), strong.wake.notified()).await;
        if waited.is_err() {
            continue;
        }
        if strong.release.swap(false, Ordering::SeqCst) {
            strong.hang_up(&mut link);
        }
        // This closes the batch: a request that arrives from here on joins the next one.
        let batch = std::mem::take(&mut *lock(&strong.open));
        if batch.members.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let closed = ClosedBatch { shared: &strong, batch: &batch };
        let outcome = match tokio::time::timeout(BATCH_TIMEOUT, strong.run(&batch, &mut link)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(reason)) => Err(reason.to_string().into()),
            Err(_) => Err("the database did not answer in time".into()),
        };
        if outcome.is_err() {
            // The connection may be in the middle of a statement.
            strong.hang_up(&mut link);
        }
        strong.counters.batches.fetch_add(1, Ordering::Relaxed);
        strong.counters.batched.fetch_add(batch.members.load(Ordering::Relaxed), Ordering::Relaxed);
        let _ = batch.outcome.set(outcome);
        drop(closed);
    }
}

/// A batch that no request can join any more. However the task leaves it, even by a panic, its members get an answer.
struct ClosedBatch<'s> {
    shared: &'s Shared,
    batch: &'s Batch,
}

impl Drop for ClosedBatch<'_> {
    fn drop(&mut self) {
        if self.batch.outcome.get().is_none() {
            // The connection is returned without an answer, and the snapshot is valid only while the connection is
            // open.
            lock(&self.shared.cache).standing = None;
            let _ = self.batch.outcome.set(Err("the verifier ended before it had an answer".into()));
        }
        self.batch.done.notify_waiters();
    }
}

#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error("{0}")]
    Database(#[from] uptrakit_store::Error),
    #[error("{0}")]
    InconsistentRow(#[from] InconsistentRow),
}

struct Link {
    reader: Connection,
    /// SQLite keeps the file behind this index while `reader` is open.
    commits: Option<WalIndex>,
}

impl Shared {
    /// Returns the connection and drops the snapshot, which is valid only while the connection is open.
    fn hang_up(&self, slot: &mut Option<Link>) {
        lock(&self.cache).standing = None;
        *slot = None;
    }

    async fn run(
        &self,
        batch: &Batch,
        slot: &mut Option<Link>,
    ) -> Result<HashMap<Key, Option<Arc<CachedCredential>>>, BatchError> {
        let Link { reader, commits } = match slot {
            Some(link) => link,
            None => {
                let link = slot.insert(Link { reader: self.store.read().await?, commits: None });
                // The database behind a new connection may have another history, as after a failover that lost commits:
                // a known number of the epoch may stand for other changes there.
                lock(&self.cache).forget_all();
                link
            }
        };
        self.store.require_in_place()?;
        // The mark is read before the epoch: a commit in between makes it too old, never too new.
        let standing = commits.as_ref().and_then(|commits| Some((commits.clone(), commits.mark()?)));
        let epoch = epoch::get_epoch(reader.conn()).await?;
        if commits.is_none() && self.notices_commits.load(Ordering::SeqCst) {
            *commits = self.store.commits();
        }
        let known = lock(&self.cache).epoch;
        let moves = match known {
            Some(known) if known != epoch => epoch::list_moves(reader.conn(), &known, &epoch, MOST_CHANGES).await?,
            _ => Vec::new(),
        };
        {
            let mut cache = lock(&self.cache);
            if known != Some(epoch) {
                self.counters.moves.fetch_add(1, Ordering::Relaxed);
                cache.advance(epoch, &moves);
            }
            cache.standing = standing;
        }
        let wanted = std::mem::take(&mut *lock(&batch.wanted));
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for key in wanted {
            let cached = lock(&self.cache).get(key);
            match cached {
                Some(entry) => drop(found.insert(key, Some(entry))),
                None if missing.len() < MOST_LOOKUPS => missing.push(key),
                None => {}
            }
        }
        self.counters.lookups.fetch_add(missing.len() as u64, Ordering::Relaxed);
        self.look_up(reader, &missing, &mut found).await?;
        Ok(found)
    }

    async fn look_up(
        &self,
        reader: &mut Connection,
        missing: &[Key],
        found: &mut HashMap<Key, Option<Arc<CachedCredential>>>,
    ) -> Result<(), BatchError> {
        let (mut tokens, mut sessions) = (Vec::new(), Vec::new());
        for key in missing {
            match key {
                Key::Token(digest) => tokens.push(digest.0),
                Key::Session(digest) => sessions.push(digest.0),
            }
        }
        let mut rows = Vec::with_capacity(missing.len());
        for digests in tokens.chunks(credentials::LOOKUP) {
            for row in credentials::list_tokens(reader.conn(), digests).await? {
                rows.push(Found::token(row)?);
            }
        }
        for digests in sessions.chunks(credentials::LOOKUP) {
            for row in credentials::list_sessions(reader.conn(), digests).await? {
                rows.push(Found::session(row)?);
            }
        }
        found.extend(missing.iter().map(|key| (*key, None)));
        let mut cache = lock(&self.cache);
        for Found { key, account, credential } in rows {
            let entry = Arc::new(CachedCredential::new(key, cache.cell(account), credential));
            cache.insert(key, Arc::clone(&entry));
            found.insert(key, Some(entry));
        }
        Ok(())
    }
}

impl Cache {
    fn get(&mut self, key: Key) -> Option<Arc<CachedCredential>> {
        if let Some(entry) = self.young.get(&key) {
            return entry.account.is_current().then(|| Arc::clone(entry));
        }
        let entry = self.old.remove(&key)?;
        let current = entry.account.is_current();
        self.insert(key, Arc::clone(&entry));
        current.then_some(entry)
    }

    fn insert(&mut self, key: Key, entry: Arc<CachedCredential>) {
        if self.young.len() >= CACHE_HALF {
            let young = std::mem::take(&mut self.young);
            let forgotten = std::mem::replace(&mut self.old, young);
            let held = |entry: &CachedCredential| entry.in_flight.load(Ordering::Relaxed) > 0;
            self.young.extend(forgotten.into_iter().filter(|(_, entry)| held(entry)));
            self.accounts.retain(|_, cell| cell.strong_count() > 0);
        }
        self.old.remove(&key);
        self.young.insert(key, entry);
    }

    fn cell(&mut self, state: AccountState) -> Arc<CachedAccount> {
        let id = state.id;
        if let Some(cell) = self.accounts.get(&id).and_then(Weak::upgrade).filter(|cell| cell.is_current()) {
            if cell.state == state {
                return cell;
            }
            // The row was read later than the epoch: the account has changed since the cached one was read.
            cell.invalidated.cancel();
        }
        let cell = Arc::new(CachedAccount { state, invalidated: CancellationToken::new() });
        self.accounts.insert(id, Arc::downgrade(&cell));
        cell
    }

    /// Moves the cache to another point of the database's history. Invalidates the accounts that the moves in between
    /// were about, or all of them when the moves do not lead there from the known point.
    fn advance(&mut self, epoch: EpochPoint, moves: &[EpochMove]) {
        let known = self.epoch.replace(epoch);
        if known.is_some_and(|known| known.leads_to(&epoch, moves)) {
            for found in moves.iter().skip(1) {
                if let Some(cell) = self.accounts.remove(&AccountId(found.account_id)).and_then(|cell| cell.upgrade()) {
                    cell.invalidated.cancel();
                }
            }
            return;
        }
        self.forget_all();
        if let Some(known) = known {
            let cause = if known.server_started_at == epoch.server_started_at {
                "its history does not continue what was known, as after a failover, a restore or very many changes"
            } else {
                "another server answers, or the same one after a restart"
            };
            let (known, now) = (known.epoch, epoch.epoch);
            tracing::warn!(known, now, cause, "every cached credential is read from the database again");
        }
    }

    fn forget(&mut self, key: Key) {
        self.young.remove(&key);
        self.old.remove(&key);
    }

    fn forget_all(&mut self) {
        for cell in self.accounts.drain().filter_map(|(_, cell)| cell.upgrade()) {
            cell.invalidated.cancel();
        }
    }
}

/// Locks a mutex whose data stays consistent whatever happens while it is locked.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::Ordering};

    use super::{AuthError, Batch, ClosedBatch, Key, Need, Rejection, Verifier, lock};
    use crate::{auth::digest::Digest, clock::Clock, tasks::Tasks};
    use uptrakit_store::Store;

    #[tokio::test]
    async fn a_request_whose_batch_panics_is_answered_and_the_next_one_is_judged() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let store = Store::open(&url, 1).await.unwrap();
        let verifier = Verifier::start(store, Clock::System, None, &Tasks::default());
        let unknown = Key::Token(Digest::of("unknown"));
        let ask = || verifier.authorise(unknown, Need::Anything, [127, 0, 0, 1].into());
        // This does what the task does, before the task can.
        let batch: Arc<Batch> = Arc::clone(&lock(&verifier.0.open));
        let (asked, ()) = tokio::join!(ask(), async {
            while batch.members.load(Ordering::Relaxed) == 0 {
                tokio::task::yield_now().await;
            }
            drop(std::mem::take(&mut *lock(&verifier.0.open)));
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
