//! The verifier: judges every credential on a state of the database that is no older than the request, at the price of
//! one small read for all requests that wait at the same moment.
//!
//! Every change that can take power away moves a single row, the epoch, in its own transaction. A request joins the
//! open batch; a batch is closed before its reads begin, so that what it reads is younger than the arrival of everyone
//! in it. It reads the epoch once. Where the epoch stands, what was read before still holds; where it moved, the
//! accounts that the moves were about are dropped and read again when somebody needs them. There are no leases, no
//! timers and no messages to rely on, and any number of processes may do this on one database.
//!
//! An epoch means something within one history of one database. After a failover that lost commits the surviving server
//! may reach a number that is known here by another change. So the epoch is compared as a [`epoch::EpochPoint`], and
//! where the moves do not lead from the known point to the present one, everything cached is dropped.
//!
//! On SQLite most requests need no batch either: where nothing at all was committed to the file since the epoch was
//! last read ([`uptrakit_store::commits`]), the epoch stands, and what is cached holds.
//!
//! The invariant, kept by the single task that runs batches: *whatever is cached reflects the database at the cached
//! epoch or later*. An entry that is read after the epoch was read may be younger than the epoch it is filed under;
//! then the next move drops it once too often, never once too seldom.

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

/// How long the database may take for one batch before everybody in it is told that it can't answer.
const BATCH_TIMEOUT: Duration = Duration::from_secs(2);
/// How many entries one half of the cache holds; see [`Cache`].
const CACHE_HALF: usize = 65_536;
/// More moves than this at once, and dropping everything is cheaper than reading what they were about.
const MOST_CHANGES: i64 = 4_096;
/// How many unknown credentials one batch looks up; the others wait for the next.
const MOST_LOOKUPS: usize = 512;

/// An account as of some epoch, shared by all its cached credentials. When the epoch moves for it, it is invalidated:
/// its credentials count as not cached, and requests under way are told to have themselves judged again.
#[derive(Debug)]
pub struct CachedAccount {
    /// The account.
    pub state: AccountState,
    invalidated: CancellationToken,
}

/// A cached credential. Requests under way hold it.
#[derive(Debug)]
pub struct CachedCredential {
    /// What it is known by.
    pub key: Key,
    /// Its account.
    pub account: Arc<CachedAccount>,
    /// The credential.
    pub credential: Credential,
    /// When it was last used, in milliseconds, or 0.
    pub(super) used_at: AtomicI64,
    /// From where.
    pub(super) used_from: Mutex<Option<IpAddr>>,
    /// The program that used it first since this process knows it, if it said; empty until then.
    pub(super) program: OnceLock<Option<Box<str>>>,
    /// What of `used_at` the database knows.
    pub(super) written_at: AtomicI64,
    /// Whether it waits to be written.
    pub(super) dirty: AtomicBool,
    in_flight: AtomicUsize,
}

/// Counts for `/metrics`.
#[derive(Debug, Default)]
pub struct Counters {
    /// Batches that were run.
    pub batches: AtomicU64,
    /// Requests that were in them.
    pub batched: AtomicU64,
    /// Requests that needed no batch, because nothing had been committed.
    pub standing: AtomicU64,
    /// Credentials that were read from the database.
    pub lookups: AtomicU64,
    /// Moves of the epoch that were seen.
    pub moves: AtomicU64,
    /// Credentials that were found good.
    pub granted: AtomicU64,
    /// Credentials that were refused.
    pub refused: AtomicU64,
    /// Credentials that could not be judged.
    pub unavailable: AtomicU64,
}

/// The verifier of one process.
#[derive(Clone, Debug)]
pub struct Verifier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    clock: Clock,
    read_grace: Option<Arc<ReadGrace>>,
    open: Mutex<Arc<Batch>>,
    wake: Notify,
    /// Set when the connection is to be given back.
    release: AtomicBool,
    /// Whether the file's commits can be told without asking for the epoch.
    notices_commits: AtomicBool,
    cache: Mutex<Cache>,
    counters: Counters,
    /// Ends the task with the last clone of the verifier.
    _end: DropGuard,
}

/// Requests that wait for the same reads.
#[derive(Debug, Default)]
struct Batch {
    members: AtomicU64,
    wanted: Mutex<HashSet<Key>>,
    outcome: OnceLock<Outcome>,
    done: Notify,
}

/// What a batch found: for each credential it was asked for, the entry or that there is none.
type Outcome = Result<HashMap<Key, Option<Arc<CachedCredential>>>, Arc<str>>;

/// Two halves: entries are put into `young`; when that is full it becomes `old`, and what was old and is neither used
/// since nor held by a request is forgotten. So memory is bounded and no scan ever takes long.
#[derive(Debug, Default)]
struct Cache {
    /// The point of the database's history that the cache was brought to.
    epoch: Option<EpochPoint>,
    /// What was committed when the epoch was last asked for, and where to look whether that is still all.
    standing: Option<(WalIndex, WalSnapshot)>,
    young: HashMap<Key, Arc<CachedCredential>>,
    old: HashMap<Key, Arc<CachedCredential>>,
    accounts: HashMap<AccountId, Weak<CachedAccount>>,
}

impl CachedAccount {
    /// Returns when what is known of the account no longer holds.
    pub async fn invalidated(&self) {
        self.invalidated.cancelled().await;
    }

    /// Whether what is known of the account still holds.
    pub fn is_current(&self) -> bool {
        !self.invalidated.is_cancelled()
    }
}

impl CachedCredential {
    fn new(key: Key, account: Arc<CachedAccount>, credential: Credential) -> Self {
        let used_at = match &credential {
            // Of the text, not of the token: a new text's first use is written soon, however lately the old one's was.
            Credential::Token(token) => token.text_used_at.map_or(0, |at| at.0),
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

    /// Whether it may do what is needed, from there, at that instant.
    pub fn judge(&self, need: Need, address: IpAddr, now: Timestamp) -> Result<(), Rejection> {
        self.credential.judge(&self.account.state, need, address, now, self.used_at())
    }

    /// One more request or stream under it.
    pub(super) fn enter(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
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

    /// Whether the credential may do what is needed from there, judged on a state no older than this call.
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
            // Idle as far as is known here; it may have been used at another process, which has written that down.
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

    /// Whether credentials can be judged: asks for a token and a session that don't exist, as a request does.
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

    /// Takes notice of every move of the epoch that was committed before this call, so that whatever is under way in
    /// this process is judged again.
    pub async fn catch_up(&self) -> Result<(), AuthError> {
        self.join(None).await.map(drop)
    }

    /// Whether the credential is cached and still current, so that asking for it costs no look-up of its own.
    #[must_use]
    pub fn knows(&self, key: Key) -> bool {
        lock(&self.0.cache).get(key).is_some()
    }

    /// The credential as it is cached, if it is, without asking the database. For telling about it, not for judging it.
    #[must_use]
    pub fn peek(&self, key: Key) -> Option<Arc<CachedCredential>> {
        lock(&self.0.cache).get(key)
    }

    /// How many requests and streams are under way under these texts in this process.
    #[must_use]
    pub fn count_in_flight(&self, digests: &[Digest]) -> usize {
        let cache = lock(&self.0.cache);
        let halves = |digest: &Digest| [cache.young.get(&Key::Token(*digest)), cache.old.get(&Key::Token(*digest))];
        digests.iter().flat_map(halves).flatten().map(|entry| entry.in_flight.load(Ordering::Relaxed)).sum()
    }

    /// From now on relies on [`Store::commits`], which must have been found to notice a commit.
    pub fn rely_on_commits(&self) {
        self.0.notices_commits.store(true, Ordering::SeqCst);
    }

    /// Has everything under way judged again, because it can't be known whether the epoch moved.
    pub fn distrust(&self) {
        lock(&self.0.cache).forget_all();
    }

    /// Has the task give its connection back, so that the database can be closed. It takes another if it is asked again.
    pub fn release(&self) {
        self.0.release.store(true, Ordering::SeqCst);
        self.0.wake.notify_one();
    }

    /// How many credentials are cached.
    #[must_use]
    pub fn cache_size(&self) -> usize {
        let cache = lock(&self.0.cache);
        cache.young.len() + cache.old.len()
    }

    /// What happened so far.
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
            // Looked at now, which is after the request's arrival: the epoch is still what the cache was brought to.
            if standing.is_some_and(|(commits, mark)| commits.mark() == Some(mark)) {
                self.0.counters.standing.fetch_add(1, Ordering::Relaxed);
                return Ok(cached);
            }
            self.join(None).await?;
            // The batch dropped it if the epoch moved for its account.
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

    /// Joins the open batch and waits for it. `None` when it was asked for a credential and had no room left for it.
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
        // Closes the batch: who comes from here on joins the next one.
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
            // The connection may be in the middle of anything.
            strong.hang_up(&mut link);
        }
        strong.counters.batches.fetch_add(1, Ordering::Relaxed);
        strong.counters.batched.fetch_add(batch.members.load(Ordering::Relaxed), Ordering::Relaxed);
        let _ = batch.outcome.set(outcome);
        drop(closed);
    }
}

/// A batch that no one can join any more. However the task leaves it, by a panic too, its members get an answer.
struct ClosedBatch<'s> {
    shared: &'s Shared,
    batch: &'s Batch,
}

impl Drop for ClosedBatch<'_> {
    fn drop(&mut self) {
        if self.batch.outcome.get().is_none() {
            // The connection is given back without an answer, and with it what could only be relied on with it.
            lock(&self.shared.cache).standing = None;
            let _ = self.batch.outcome.set(Err("the verifier ended before it had an answer".into()));
        }
        self.batch.done.notify_waiters();
    }
}

/// Why a batch has no outcome.
#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error("{0}")]
    Database(#[from] uptrakit_store::Error),
    #[error("{0}")]
    InconsistentRow(#[from] InconsistentRow),
}

/// What batches read from.
struct Link {
    reader: Connection,
    /// As long as `reader` is open, SQLite keeps the file that this looks at.
    commits: Option<WalIndex>,
}

impl Shared {
    /// Gives the connection back, and with it what could only be relied on while it was open.
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
                // The database behind a new connection may have another history, as after a failover that lost
                // commits: there, a number of the epoch that is known here may stand for other changes.
                lock(&self.cache).forget_all();
                link
            }
        };
        self.store.require_in_place()?;
        // Before the epoch: what is committed in between makes the mark too old, never too young.
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
    /// A cached entry that still holds. One from the older half moves to the younger.
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

    /// The shared cell of an account in this state.
    fn cell(&mut self, state: AccountState) -> Arc<CachedAccount> {
        let id = state.id;
        if let Some(cell) = self.accounts.get(&id).and_then(Weak::upgrade).filter(|cell| cell.is_current()) {
            if cell.state == state {
                return cell;
            }
            // Read later than the epoch: the account has changed since its cell was filled.
            cell.invalidated.cancel();
        }
        let cell = Arc::new(CachedAccount { state, invalidated: CancellationToken::new() });
        self.accounts.insert(id, Arc::downgrade(&cell));
        cell
    }

    /// Goes to another point of the database's history: invalidates the accounts that the moves in between were about,
    /// or everything where they do not lead there from what is known.
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

/// Locks a mutex whose data stays whole whatever happens while it is locked.
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
        // As the task does it, in front of the task.
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
