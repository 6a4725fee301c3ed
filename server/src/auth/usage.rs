//! When and from where credentials were last used: noted in memory as requests pass, written in the background, at
//! most once a minute per credential. A first use is written within a second, for somebody may be waiting to see it.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use uptrakit_api::Timestamp;

use super::{credential::Credential, credential::Key, digest::Digest, verifier::Entry};
use crate::store::{Store, sessions, tokens};

/// How long after a write the next one of the same credential waits.
const INTERVAL_MILLIS: i64 = 60_000;
/// How many credentials one transaction writes. Few, for on SQLite a revoke waits until it is done.
const CHUNK: usize = 32;

/// Credentials that were used since they were last written.
#[derive(Debug, Default)]
pub struct Usage {
    waiting: Mutex<Vec<Arc<Entry>>>,
}

impl Usage {
    /// Notes a use. Cheap: it is on every request's path.
    pub fn note(&self, entry: &Arc<Entry>, from: IpAddr, now: Timestamp) {
        if entry.used_at.fetch_max(now.0, Ordering::Relaxed) <= now.0 {
            *entry.used_from.lock().unwrap_or_else(PoisonError::into_inner) = Some(from);
        }
        if !entry.dirty.swap(true, Ordering::AcqRel) {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(entry));
        }
    }

    /// Writes what is due; everything, when the server stops. What can't be written now is kept.
    pub async fn flush(&self, store: &Store, now: Timestamp, everything: bool) -> sqlx::Result<()> {
        let mut waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let is_due = |entry: &Arc<Entry>| {
            let written = entry.written_at.load(Ordering::Relaxed);
            everything || now.0 - written >= INTERVAL_MILLIS || now.0 < written
        };
        let due: Vec<_> = waiting.extract_if(.., |entry| is_due(entry)).collect();
        let mut outcome = Ok(());
        for chunk in due.chunks(CHUNK) {
            if outcome.is_ok() {
                outcome = write(store, chunk).await;
            }
            if outcome.is_err() {
                waiting.extend_from_slice(chunk);
            }
        }
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).append(&mut waiting);
        outcome
    }
}

async fn write(store: &Store, entries: &[Arc<Entry>]) -> sqlx::Result<()> {
    let mut tx = store.begin().await?;
    let mut written = Vec::with_capacity(entries.len());
    for entry in entries {
        // Cleared before it is read: a use that comes in between is noted again, not lost.
        entry.dirty.store(false, Ordering::Release);
        let at = entry.used_at.load(Ordering::Relaxed);
        let from = *entry.used_from.lock().unwrap_or_else(PoisonError::into_inner);
        let from = from.map(|address| address.to_string()).unwrap_or_default();
        let (Key::Token(Digest(digest)) | Key::Session(Digest(digest))) = &entry.key;
        let done = match &entry.credential {
            Credential::Token(token) => tokens::update_last_used(&mut tx, token.id.0, digest, at, &from).await,
            Credential::Session(_) => sessions::update_last_active(&mut tx, digest, at).await,
        };
        if let Err(error) = done {
            mark_dirty(entries);
            return Err(error);
        }
        written.push((entry, at));
    }
    if let Err(error) = tx.commit().await {
        mark_dirty(entries);
        return Err(error);
    }
    for (entry, at) in written {
        entry.written_at.store(at, Ordering::Relaxed);
    }
    Ok(())
}

/// They stay in the list, so that noting another use must not add them twice.
fn mark_dirty(entries: &[Arc<Entry>]) {
    for entry in entries {
        entry.dirty.store(true, Ordering::Release);
    }
}

impl Entry {
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
