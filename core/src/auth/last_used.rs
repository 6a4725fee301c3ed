//! When and from where credentials were last used: noted in memory as requests pass, written in the background, at
//! most once a minute per credential. A first use is written within a second, for somebody may be waiting to see it.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use uptrakit_api::Timestamp;
use uptrakit_store::{
    Store, sessions,
    tokens::{self, UseRow},
};

use super::{credential::Key, digest::Digest, verifier::CachedCredential, write_queue::WriteQueue};
use crate::clock::horizon;

/// How long after a write the next one of the same credential waits.
const INTERVAL_MILLIS: i64 = 60_000;
/// How many credentials are written at once. Few, for a revoke may have to wait until it is done.
const CHUNK: usize = tokens::USES;
/// Over how long many writes are spread, and how long at most to pause between two of them: what else wants to write
/// gets its turn.
const SPREAD: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// Credentials that were used since they were last written.
#[derive(Debug, Default)]
pub struct LastUsed {
    waiting: WriteQueue<Arc<CachedCredential>>,
}

impl LastUsed {
    /// Notes a use. Cheap: it is on every request's path.
    pub fn note(&self, entry: &Arc<CachedCredential>, from: IpAddr, now: Timestamp) {
        // A use from the future of this clock was noted while a clock was wrong; this one is known to be true.
        let replaced = |known: i64| (known <= now.0 || known > horizon(now).0).then_some(now.0);
        if entry.used_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, replaced).is_ok() {
            *entry.used_from.lock().unwrap_or_else(PoisonError::into_inner) = Some(from);
        }
        if !entry.dirty.swap(true, Ordering::AcqRel) {
            self.waiting.push(Arc::clone(entry));
        }
    }

    /// Writes what is due; everything, when the server stops. What can't be written now is kept, also when this is
    /// dropped in the middle.
    pub async fn flush(&self, store: &Store, now: Timestamp, everything: bool) -> uptrakit_store::Result<()> {
        let is_due = |entry: &mut Arc<CachedCredential>| {
            let written = entry.written_at.load(Ordering::Relaxed);
            everything || now.0 - written >= INTERVAL_MILLIS || now.0 < written
        };
        let mut due = self.waiting.take(is_due).await;
        // In the order of the tokens, so that two processes don't wait for each other's rows.
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
        // They stay in the list, so that noting another use must not add them twice.
        for entry in entries {
            entry.dirty.store(true, Ordering::Release);
        }
    }
    outcome
}

async fn try_write(store: &Store, entries: &[Arc<CachedCredential>], now: Timestamp) -> uptrakit_store::Result<()> {
    let horizon = horizon(now).0;
    let mut aside = store.aside().await?;
    let mut written = Vec::with_capacity(entries.len());
    let mut uses: Vec<UseRow> = Vec::with_capacity(entries.len());
    for entry in entries {
        // Cleared before it is read: a use that comes in between is noted again, not lost.
        entry.dirty.store(false, Ordering::Release);
        // Noted before the clock was set back, it would look like a use that is still to come.
        let at = entry.used_at.load(Ordering::Relaxed).min(now.0);
        written.push((entry, at));
        let (Key::Token(Digest(digest)) | Key::Session(Digest(digest))) = entry.key;
        let Some(token_id) = entry.credential.token_id() else {
            sessions::update_last_active(&mut aside, &digest, at, horizon).await?;
            continue;
        };
        let from = *entry.used_from.lock().unwrap_or_else(PoisonError::into_inner);
        let ip = from.map(|address| address.to_string()).unwrap_or_default();
        let program = entry.program.get().cloned().flatten().map(String::from);
        let row = UseRow { token_id: token_id.0, digest, at, ip, program };
        // Two texts of one token, in a rotation's overlap, stand side by side.
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
        entry.written_at.store(at, Ordering::Relaxed);
    }
    Ok(())
}

impl CachedCredential {
    /// Notes which program uses it, once.
    pub fn note_program(&self, program: impl FnOnce() -> Option<Box<str>>) {
        self.program.get_or_init(program);
    }

    /// When it was last used, as far as this process knows.
    pub fn used_at(&self) -> Timestamp {
        Timestamp(self.used_at.load(Ordering::Relaxed))
    }

    /// When and from where it was last used, if it was since this process knows it.
    pub fn last_used(&self) -> Option<(Timestamp, String)> {
        let from = (*self.used_from.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some((self.used_at(), from.to_string()))
    }
}
