//! The last use of each credential: its time and its address. Requests note it in memory, and a background task writes
//! it, at most once a minute per credential. A first use is written within a second, because a user may be waiting to
//! see it.

use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use uptrakit_api::Timestamp;
use uptrakit_store::{
    Store,
    oauth::grants,
    sessions,
    tokens::{self, UseRow},
};

use super::{credential::Credential, verifier::CachedCredential, write_queue::WriteQueue};
use crate::clock::horizon;

/// The minimum time between two writes of the same credential.
const INTERVAL_MILLIS: i64 = 60_000;
/// The number of credentials per write. It is small, because a revoke may have to wait for the write.
const CHUNK: usize = tokens::USES;
/// A flush spreads its writes over this time and pauses at most `LONGEST_PAUSE` between two of them, so that other
/// writers get their turn.
const SPREAD: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
pub struct LastUsed {
    waiting: WriteQueue<Arc<CachedCredential>>,
}

impl LastUsed {
    /// Notes a use. Every request calls this, so it must stay cheap.
    pub fn note(&self, entry: &Arc<CachedCredential>, from: IpAddr, now: Timestamp) {
        // A recorded use in the future of this clock was noted while a clock was wrong; the new one is correct.
        let replaced = |known: i64| (known <= now.0 || known > horizon(now).0).then_some(now.0);
        if entry.used_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, replaced).is_ok() {
            *entry.used_from.lock() = Some(from);
        }
        if !entry.dirty.swap(true, Ordering::AcqRel) {
            self.waiting.push(Arc::clone(entry));
        }
    }

    /// Writes the uses that are due, or all of them when the server stops. Uses that could not be written stay in the
    /// queue, also when this future is dropped in the middle.
    pub async fn flush(&self, store: &Store, now: Timestamp, everything: bool) -> uptrakit_store::Result<()> {
        let is_due = |entry: &mut Arc<CachedCredential>| {
            let written = entry.written_at.load(Ordering::Relaxed);
            everything || now.0 - written >= INTERVAL_MILLIS || now.0 < written
        };
        let mut due = self.waiting.take(is_due).await;
        // Every process writes in the order of the token ids, so that two of them don't wait for each other's rows.
        due.sort_by_key(|entry| entry.credential.token_id());
        let pause = SPREAD / u32::try_from(due.count() / CHUNK + 1).unwrap_or(u32::MAX);
        while let Some(entries) = due.last(CHUNK) {
            write(store, entries, now).await?;
            due.forget_last(CHUNK);
            if !everything {
                tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            }
        }
        Ok(())
    }
}

async fn write(store: &Store, entries: &[Arc<CachedCredential>], now: Timestamp) -> uptrakit_store::Result<()> {
    let outcome = try_write(store, entries, now).await;
    if outcome.is_err() {
        // The entries stay in the queue: noting a further use must not add them a second time.
        for entry in entries {
            entry.dirty.store(true, Ordering::Release);
        }
    }
    outcome
}

async fn try_write(store: &Store, entries: &[Arc<CachedCredential>], now: Timestamp) -> uptrakit_store::Result<()> {
    let horizon = horizon(now);
    let mut aside = store.aside().await?;
    let mut written = Vec::with_capacity(entries.len());
    let mut uses: Vec<UseRow> = Vec::with_capacity(entries.len());
    for entry in entries {
        // The flag is cleared before the use is read: a use in between is noted again and not lost.
        entry.dirty.store(false, Ordering::Release);
        // A use that was noted before the clock was set back would look like one in the future.
        let at = Timestamp(entry.used_at.load(Ordering::Relaxed)).min(now);
        written.push((entry, at));
        let from = *entry.used_from.lock();
        let ip = from.map(|address| address.to_string()).unwrap_or_default();
        let digest = entry.key.digest();
        let token_id = match &entry.credential {
            Credential::Token(token) => token.id,
            Credential::Session(_) => {
                sessions::update_last_active(&mut aside, &digest, at, horizon).await?;
                continue;
            }
            Credential::Access(access) => {
                grants::update_last_used(&mut aside, access.grant_id, at, &ip, horizon).await?;
                continue;
            }
        };
        let program = entry.program.get().cloned().flatten().map(String::from);
        let row = UseRow { token_id, digest, at, ip, program };
        // Two secrets of one token, as in a rotation's overlap, follow one another here. They need separate statements:
        // of two rows for one token in a statement, either could win.
        if uses.last().is_some_and(|last| last.token_id == row.token_id) {
            tokens::update_last_used(&mut aside, &uses, horizon).await?;
            uses.clear();
        }
        uses.push(row);
    }
    if !uses.is_empty() {
        tokens::update_last_used(&mut aside, &uses, horizon).await?;
    }
    for (entry, at) in written {
        entry.written_at.store(at.0, Ordering::Relaxed);
    }
    Ok(())
}

impl CachedCredential {
    pub fn note_program(&self, program: impl FnOnce() -> Option<Box<str>>) {
        self.program.get_or_init(program);
    }

    /// Returns the last use that this process knows of: at first the one that was read from the database, or 0.
    pub fn used_at(&self) -> Timestamp {
        Timestamp(self.used_at.load(Ordering::Relaxed))
    }

    pub fn last_used(&self) -> Option<(Timestamp, String)> {
        let from = (*self.used_from.lock())?;
        Some((self.used_at(), from.to_string()))
    }
}
