//! Requests and streams in flight. Each holds a lease on the credential that authorized it, and is notified at once
//! when the credential may no longer authorize it. The server's middleware `cut_off` acts on that.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use uptrakit_api::Timestamp;

use super::{
    credential::{AuthError, Need},
    verifier::{CachedCredential, Verifier},
};
use crate::clock::Clock;
use crate::lock::Mutex;

/// The old secret of a rotation is checked again after this time.
const RECHECK: Duration = Duration::from_mins(1);

/// The right of a request or stream to continue while its credential stays valid. The credential counts it as in flight
/// until the lease is dropped.
#[derive(Debug)]
pub struct Lease {
    verifier: Verifier,
    clock: Clock,
    entry: Arc<CachedCredential>,
    address: IpAddr,
}

impl Lease {
    #[must_use]
    pub fn new(verifier: Verifier, clock: Clock, entry: Arc<CachedCredential>, address: IpAddr) -> Self {
        entry.enter();
        Self { verifier, clock, entry, address }
    }

    /// Returns when the credential must be checked again: its account was invalidated, or the credential has expired.
    pub async fn in_doubt(self) -> Self {
        let end = self.verifier.ends_at(&self.entry).unwrap_or(Timestamp::MAX);
        // When the clock is set back, the overlap of a rotation ends earlier than was known.
        let clock_may_be_set = async {
            if self.entry.credential.is_replaced() {
                tokio::time::sleep(RECHECK).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.entry.account.invalidated() => {}
            () = self.clock.sleep_until(end) => {}
            () = clock_may_be_set => {}
        }
        self
    }

    pub async fn renew(mut self, need: Need) -> Result<Self, AuthError> {
        let entry = self.verifier.authorize(self.entry.key, need, self.address).await?;
        entry.enter();
        std::mem::replace(&mut self.entry, entry).leave();
        Ok(self)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.entry.leave();
    }
}

/// The state of one request in flight: authorization stores the lease here, and `cut_off` takes it.
#[derive(Debug, Default)]
pub struct InFlight {
    lease: Mutex<Option<Lease>>,
    authorized: Mutex<Option<(Arc<CachedCredential>, Need)>>,
    turned_away: Mutex<Option<Arc<CachedCredential>>>,
    exempt: AtomicBool,
}

impl InFlight {
    pub fn hold(&self, lease: Lease, need: Need) {
        *self.authorized.lock() = Some((Arc::clone(&lease.entry), need));
        *self.lease.lock() = Some(lease);
    }

    pub fn take(&self) -> Option<Lease> {
        self.lease.lock().take()
    }

    /// Sets what the request needs from now on, because only its body told what it is about.
    pub fn need(&self, need: Need) {
        if let Some((_, needed)) = &mut *self.authorized.lock() {
            *needed = need;
        }
    }

    pub fn authorized(&self) -> Option<(Arc<CachedCredential>, Need)> {
        self.authorized.lock().clone()
    }

    /// Notes a valid credential that does not permit this request.
    pub fn turn_away(&self, entry: Arc<CachedCredential>) {
        *self.turned_away.lock() = Some(entry);
    }

    pub fn turned_away(&self) -> Option<Arc<CachedCredential>> {
        self.turned_away.lock().clone()
    }

    /// Lets the request finish whatever happens to its credential: its write comes before any revoke that is not
    /// committed yet, or is the revoke itself. A client that receives 401 therefore knows that nothing was written.
    pub fn exempt(&self) {
        self.exempt.store(true, Ordering::SeqCst);
    }

    pub fn is_exempt(&self) -> bool {
        self.exempt.load(Ordering::SeqCst)
    }
}
