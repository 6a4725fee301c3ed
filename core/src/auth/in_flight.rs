//! What is under way: a request or stream holds a lease on the credential that authorised it, and learns at once when
//! the credential no longer would. [`cut_off`](crate::http::layer::cut_off) acts on it.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use uptrakit_api::Timestamp;

use super::{
    credential::{AuthError, Need},
    verifier::{CachedCredential, Verifier},
};
use crate::clock::Clock;

/// The right to go on, for as long as the credential is good.
#[derive(Debug)]
pub struct Lease {
    verifier: Verifier,
    clock: Clock,
    entry: Arc<CachedCredential>,
    need: Need,
    address: IpAddr,
}

impl Lease {
    /// A lease for a request that was just authorised.
    #[must_use]
    pub fn new(verifier: Verifier, clock: Clock, entry: Arc<CachedCredential>, need: Need, address: IpAddr) -> Self {
        entry.enter();
        Self { verifier, clock, entry, need, address }
    }

    /// Returns when the credential may no longer be good for what it was good for.
    pub async fn in_doubt(self) -> Self {
        let end = self.entry.credential.ends_at().unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = self.entry.account.invalidated() => {}
            () = self.clock.sleep_until(end) => {}
        }
        self
    }

    /// Has the credential judged again.
    pub async fn renew(mut self) -> Result<Self, AuthError> {
        let entry = self.verifier.authorise(self.entry.key, self.need, self.address).await?;
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

/// One request's place for its lease: the extractor puts it in, `cut_off` takes it out.
#[derive(Debug, Default)]
pub struct InFlight {
    lease: Mutex<Option<Lease>>,
    authorised: Mutex<Option<(Arc<CachedCredential>, Need)>>,
    turned_away: Mutex<Option<Arc<CachedCredential>>>,
    exempt: AtomicBool,
}

impl InFlight {
    /// Notes what the request was authorised by.
    pub fn hold(&self, lease: Lease) {
        *self.authorised.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&lease.entry), lease.need));
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
    }

    /// The lease, once.
    pub fn take(&self) -> Option<Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What the request was authorised by, and for what, if it was.
    pub fn authorised(&self) -> Option<(Arc<CachedCredential>, Need)> {
        self.authorised.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a credential that is good, but not for this.
    pub fn turn_away(&self, entry: Arc<CachedCredential>) {
        *self.turned_away.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
    }

    /// The credential that is good, but not for this.
    pub fn turned_away(&self) -> Option<Arc<CachedCredential>> {
        self.turned_away.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the request finish whatever becomes of its credential: its write comes before any revoke that is not done
    /// yet, or is the revoke itself. Who is answered 401 knows that nothing of it is written.
    pub fn exempt(&self) {
        self.exempt.store(true, Ordering::SeqCst);
    }

    /// Whether it may finish in any case.
    pub fn is_exempt(&self) -> bool {
        self.exempt.load(Ordering::SeqCst)
    }
}
