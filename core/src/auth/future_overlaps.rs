//! The overlaps of rotations that were made by a clock that was ahead. Such an overlap seems to begin in the future, and
//! its end is too late by as much. It counts from the first use of the old secret that this process has seen since, so
//! that a wrong clock neither ends it at once nor keeps the old secret valid. A background task soon stores the end.

use std::{borrow::Cow, collections::HashMap};

use uptrakit_api::Timestamp;
use uptrakit_store::tokens::FutureOverlap;

use super::{
    credential::{Credential, Key, TokenCredential},
    digest::Digest,
};
use crate::clock::horizon;
use crate::lock::Mutex;

/// Old secrets beyond this number are rejected.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub struct FutureOverlaps(Mutex<HashMap<Digest, FutureOverlap>>);

impl FutureOverlaps {
    pub fn apply<'c>(&self, key: Key, credential: &'c Credential, now: Timestamp) -> Cow<'c, Credential> {
        let (Key::Token(digest), Credential::Token(token)) = (key, credential) else {
            return Cow::Borrowed(credential);
        };
        let (Some(stored_end), Some(replaced_at)) = (token.ends_at, token.replaced_at) else {
            return Cow::Borrowed(credential);
        };
        if replaced_at <= horizon(now) {
            return Cow::Borrowed(credential);
        }
        let length = stored_end.0.saturating_sub(replaced_at.0).max(0);
        let end = self.end_of(digest, stored_end, length, now);
        Cow::Owned(Credential::Token(TokenCredential { ends_at: Some(end), ..token.clone() }))
    }

    fn end_of(&self, digest: Digest, stored_end: Timestamp, length: i64, now: Timestamp) -> Timestamp {
        let mut known = self.0.lock();
        if let Some(overlap) = known.get(&digest)
            && overlap.stored_end == stored_end
            && overlap.began <= horizon(now)
        {
            return overlap.end;
        }
        if known.len() >= MOST {
            return now;
        }
        let overlap = FutureOverlap { digest, stored_end, began: now, end: now.plus_millis(length) };
        known.insert(digest, overlap);
        overlap.end
    }

    #[must_use]
    pub fn list(&self) -> Vec<FutureOverlap> {
        self.0.lock().values().copied().collect()
    }

    /// Forgets overlaps whose ends the database has from now on.
    pub fn forget(&self, mended: &[FutureOverlap]) {
        let mut known = self.0.lock();
        for overlap in mended {
            known.remove(&overlap.digest);
        }
    }
}
