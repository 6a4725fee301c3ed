//! The task that runs batches: it closes the open batch, reads the epoch, and looks up the credentials that the cache
//! lacks.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use uptrakit_store::{Connection, SILENT, credentials, epoch, wal_index::WalIndex};

use super::{Shared, cache::CachedCredential};
use crate::auth::credential::{Found, InconsistentRow, Key};
use crate::lock::Mutex;

/// A batch fails for all its requests when the database takes longer than this. A stream whose check joins a batch
/// when the one before is under way, on a connection that has just become silent, waits for both, and for up to a second
/// until the reason is known: it is closed within four seconds (contract, R3).
const BATCH_TIMEOUT: Duration = Duration::from_millis(1_400);

/// Invalidating the whole cache is cheaper than reading more moves of the epoch than this.
const MOST_CHANGES: i64 = 4_096;

/// A batch looks up at most this many uncached credentials; the others wait for the next batch.
const MOST_LOOKUPS: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) members: AtomicU64,
    pub(super) wanted: Mutex<HashSet<Key>>,
    pub(super) outcome: OnceLock<Outcome>,
    pub(super) done: Notify,
}

/// The entry of a credential; `None` when the database has none. A row that can't be read, such as one of a newer
/// version, fails those alone who present its credential.
type Looked = Result<Option<Arc<CachedCredential>>, InconsistentRow>;

/// What was found for each credential that the batch was asked for.
type Outcome = Result<HashMap<Key, Looked>, Arc<str>>;

pub(super) async fn run_batches(shared: Weak<Shared>) {
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
        let batch = std::mem::take(&mut *strong.open.lock());
        if batch.members.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let closed = ClosedBatch { shared: &strong, batch: &batch };
        let outcome = match tokio::time::timeout(BATCH_TIMEOUT, strong.run(&batch, &mut link)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(reason)) => Err(reason.to_string().into()),
            // No connection was had, and the database may say why. A connection that is there and silent is not asked.
            Err(_) if link.is_none() => {
                let reason = strong.store.find_silence_reason().await.map(|reason| reason.to_string().into());
                Err(reason.unwrap_or_else(|| SILENT.into()))
            }
            Err(_) => Err(SILENT.into()),
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
pub(super) struct ClosedBatch<'s> {
    pub(super) shared: &'s Shared,
    pub(super) batch: &'s Batch,
}

impl Drop for ClosedBatch<'_> {
    fn drop(&mut self) {
        if self.batch.outcome.get().is_none() {
            // The connection is returned without an answer, and the snapshot is valid only while the connection is
            // open.
            self.shared.cache.lock().validated = None;
            let _ = self.batch.outcome.set(Err("the verifier ended before it had an answer".into()));
        }
        self.batch.done.notify_waiters();
    }
}

struct Link {
    reader: Connection,
    /// SQLite keeps the file behind this index while `reader` is open.
    commits: Option<WalIndex>,
}

impl Shared {
    /// Returns the connection and drops the snapshot, which is valid only while the connection is open.
    fn hang_up(&self, slot: &mut Option<Link>) {
        self.cache.lock().validated = None;
        *slot = None;
    }

    async fn run(&self, batch: &Batch, slot: &mut Option<Link>) -> uptrakit_store::Result<HashMap<Key, Looked>> {
        let Link { reader, commits } = match slot {
            Some(link) => link,
            None => {
                let link = slot.insert(Link { reader: self.store.read().await?, commits: None });
                // The database behind a new connection may have another history, as after a failover that lost commits:
                // a known number of the epoch may stand for other changes there.
                self.cache.lock().forget_all();
                link
            }
        };
        self.store.require_in_place()?;
        // The mark is read before the epoch: a commit in between makes it too old, never too new.
        let validated = commits.as_ref().and_then(|commits| Some((commits.clone(), commits.mark()?)));
        let epoch = epoch::get_epoch(reader.conn()).await?;
        if commits.is_none() && self.notices_commits.load(Ordering::SeqCst) {
            *commits = self.store.commits();
        }
        let known = self.cache.lock().epoch;
        let moves = match known {
            Some(known) if known != epoch => epoch::list_moves(reader.conn(), &known, &epoch, MOST_CHANGES).await?,
            _ => Vec::new(),
        };
        {
            let mut cache = self.cache.lock();
            if known != Some(epoch) {
                self.counters.moves.fetch_add(1, Ordering::Relaxed);
                cache.advance(epoch, &moves);
            }
            cache.validated = validated;
        }
        let wanted = std::mem::take(&mut *batch.wanted.lock());
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for key in wanted {
            let cached = self.cache.lock().get(key);
            match cached {
                Some(entry) => drop(found.insert(key, Ok(Some(entry)))),
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
        found: &mut HashMap<Key, Looked>,
    ) -> uptrakit_store::Result<()> {
        let (mut tokens, mut sessions, mut access_tokens) = (Vec::new(), Vec::new(), Vec::new());
        for key in missing {
            match key {
                Key::Token(digest) => tokens.push(*digest),
                Key::Session(digest) => sessions.push(*digest),
                Key::Access(digest, _) => access_tokens.push(*digest),
            }
        }
        let mut rows = Vec::with_capacity(missing.len());
        for digests in tokens.chunks(credentials::LOOKUP) {
            for row in credentials::list_tokens(reader.conn(), digests).await? {
                rows.push((row.digest, Found::token(row)));
            }
        }
        for digests in sessions.chunks(credentials::LOOKUP) {
            for row in credentials::list_sessions(reader.conn(), digests).await? {
                rows.push((row.digest, Found::session(row)));
            }
        }
        for digests in access_tokens.chunks(credentials::LOOKUP) {
            for row in credentials::list_access_tokens(reader.conn(), digests).await? {
                rows.push((row.digest, Found::access(row)));
            }
        }
        found.extend(missing.iter().map(|key| (*key, Ok(None))));
        let mut cache = self.cache.lock();
        for (digest, row) in rows {
            match row {
                Ok(Found { key, account, credential }) => {
                    let entry = Arc::new(CachedCredential::new(key, cache.cell(account), credential));
                    cache.insert(key, Arc::clone(&entry));
                    found.insert(key, Ok(Some(entry)));
                }
                Err(error) => {
                    found.extend(missing.iter().filter(|key| key.digest() == digest).map(|key| (*key, Err(error))));
                }
            }
        }
        Ok(())
    }
}
