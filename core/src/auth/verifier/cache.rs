//! The credentials that the verifier has read, and the accounts that they belong to. When an account changes, it is
//! invalidated, and with it all its credentials at once.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use tokio_util::sync::CancellationToken;
use uptrakit_api::AccountId;
use uptrakit_store::{
    epoch::{EpochMove, EpochPoint},
    wal_index::{WalIndex, WalSnapshot},
};

use crate::auth::credential::{AccountState, Credential, Key};
use crate::lock::Mutex;

const CACHE_HALF: usize = 65_536;

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
    pub(in crate::auth) used_at: AtomicI64,
    pub(in crate::auth) used_from: Mutex<Option<IpAddr>>,
    /// The program that used the credential first in this process: empty before that use, and `None` when the client
    /// did not name itself.
    pub(in crate::auth) program: OnceLock<Option<Box<str>>>,
    /// The value of `used_at` that was last written to the database.
    pub(in crate::auth) written_at: AtomicI64,
    pub(in crate::auth) dirty: AtomicBool,
    pub(super) in_flight: AtomicUsize,
}

/// The cache has two halves. Entries are added to `young`; when that is full it becomes `old`, and the entries of the
/// previous `old` that were neither used since nor are held by a request are dropped. This bounds the memory, and no
/// scan takes long.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// The point of the database's history that the cache was brought to; an entry may be newer.
    pub(super) epoch: Option<EpochPoint>,
    /// A snapshot of SQLite's WAL index from just before the epoch was last read. While the index still equals it,
    /// nothing was committed since. `None` where that can't be known.
    pub(super) validated: Option<(WalIndex, WalSnapshot)>,
    pub(super) young: HashMap<Key, Arc<CachedCredential>>,
    pub(super) old: HashMap<Key, Arc<CachedCredential>>,
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
    pub(super) fn new(key: Key, account: Arc<CachedAccount>, credential: Credential) -> Self {
        let used_at = match &credential {
            // The use is that of the secret, not of the token: the first use of a new secret is written soon, however
            // recently the old one was used.
            Credential::Token(token) => token.secret_used_at.map_or(0, |at| at.0),
            Credential::Session(session) => session.last_active_at.0,
            Credential::Access(access) => access.last_used_at.map_or(0, |at| at.0),
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

    pub(in crate::auth) fn enter(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::auth) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Cache {
    pub(super) fn get(&mut self, key: Key) -> Option<Arc<CachedCredential>> {
        if let Some(entry) = self.young.get(&key) {
            return entry.account.is_current().then(|| Arc::clone(entry));
        }
        let entry = self.old.remove(&key)?;
        let current = entry.account.is_current();
        self.insert(key, Arc::clone(&entry));
        current.then_some(entry)
    }

    pub(super) fn insert(&mut self, key: Key, entry: Arc<CachedCredential>) {
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

    pub(super) fn cell(&mut self, state: AccountState) -> Arc<CachedAccount> {
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
    pub(super) fn advance(&mut self, epoch: EpochPoint, moves: &[EpochMove]) {
        let known = self.epoch.replace(epoch);
        if known.is_some_and(|known| known.leads_to(&epoch, moves)) {
            for found in moves.iter().skip(1) {
                if let Some(cell) = self.accounts.remove(&found.account_id).and_then(|cell| cell.upgrade()) {
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

    pub(super) fn forget(&mut self, key: Key) {
        self.young.remove(&key);
        self.old.remove(&key);
    }

    pub(super) fn forget_all(&mut self) {
        for cell in self.accounts.drain().filter_map(|(_, cell)| cell.upgrade()) {
            cell.invalidated.cancel();
        }
    }
}
