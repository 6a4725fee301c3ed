//! Who makes a request: takes the credential out of the headers, has it judged, and hands handlers a proof. A handler
//! says in its signature what it needs (`Caller<HostsRead>`), so that forgetting to ask does not compile.

use std::{marker::PhantomData, net::IpAddr, sync::Arc, time::Duration};

use uptrakit_api::{AccountId, Permission, Permissions, Timestamp, TokenId, TokenText};

use super::{
    credential::{Credential, Key, Need, Refusal},
    digest::Digest,
    in_flight::{InFlight, Lease},
    throttle::Source,
    verifier::{Denied, Entry},
};
use crate::{error::Error, state::Core};

/// The name of a request: a random start for each process, and a count. It need not be secret, only different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// The process.
    pub process: u64,
    /// Its requests, counted.
    pub count: u64,
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:012x}-{:08x}", self.process >> 16, self.count)
    }
}

/// What is known of every request before anybody asks who makes it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The client's address, behind trusted proxies the one that they saw.
    pub address: IpAddr,
    /// Names the request in the log and in problem documents.
    pub request_id: RequestId,
    /// When its head was there.
    pub arrived: Timestamp,
    /// The request's place among those under way.
    pub in_flight: Arc<InFlight>,
}

/// The proof that somebody was authorised, with all that rules and the audit trail need of them.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The credential and its account.
    pub entry: Arc<Entry>,
    /// What it was judged for.
    pub need: Need,
    /// The request.
    pub visit: Visit,
}

impl Actor {
    /// Whose credential it is.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        self.entry.account.state.id
    }

    /// The token, if it is one.
    #[must_use]
    pub fn token_id(&self) -> Option<TokenId> {
        self.entry.credential.token_id()
    }

    /// What it may do.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.entry.credential.permissions(&self.entry.account.state)
    }

    /// The same actor, needing this permission; writes are judged by it again.
    pub fn with(mut self, permission: Permission) -> Result<Self, Error> {
        if !self.permissions().contains(permission) {
            return Err(permission.into());
        }
        self.need = Need::Permission(permission);
        Ok(self)
    }

    /// The session, if it is one.
    #[must_use]
    pub fn session(&self) -> Option<&super::credential::SessionGrant> {
        match &self.entry.credential {
            Credential::Session(session) => Some(session),
            Credential::Token(_) => None,
        }
    }
}

/// What a handler can need.
pub trait Requirement {
    /// It.
    const NEED: Need;
}

macro_rules! requirements {
    ($($(#[$doc:meta])* $name:ident = $need:expr;)+) => {
        $($(#[$doc])* #[derive(Debug)] pub struct $name;
        impl Requirement for $name { const NEED: Need = $need; })+
    };
}

requirements! {
    /// Any credential that is good.
    AnyCredential = Need::Anything;
    /// A web session.
    WebSession = Need::Session;
    /// `hosts:read`.
    HostsRead = Need::Permission(Permission::HostsRead);
    /// `hosts:report`.
    HostsReport = Need::Permission(Permission::HostsReport);
    /// `hosts:write`.
    HostsWrite = Need::Permission(Permission::HostsWrite);
    /// `tokens:write`.
    TokensWrite = Need::Permission(Permission::TokensWrite);
    /// `users:manage`.
    UsersManage = Need::Permission(Permission::UsersManage);
    /// `audit:read`.
    AuditRead = Need::Permission(Permission::AuditRead);
}

/// An [`Actor`] who has what `R` requires.
pub struct Caller<R>(pub Actor, pub PhantomData<R>);

/// How long an unknown token may wait for its turn to be looked up.
const SUSPECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A wrong checksum never reaches the database. Whoever sends too many tokens that are none is told to wait, unless
/// this one is known; of the unknown ones a few at a time are still looked up, each in its turn, for one of them may be
/// good and must not be refused for the others.
pub async fn authorise_bearer(core: &Core, text: &str, visit: &Visit, need: Need) -> Result<Arc<Entry>, Error> {
    let source = Source::from(visit.address);
    let wait = || core.bearer_failures.wait(&source, core.clock.now());
    let Ok(token) = TokenText::parse(text) else {
        if let Some(wait) = wait() {
            return Err(Error::TooManyRequests(wait));
        }
        core.bearer_failures.count(source, core.clock.now());
        return Err(Error::Refused(Refusal::Unknown));
    };
    let key = Key::Token(Digest::of(token.expose()));
    let place = match wait().filter(|_| !core.verifier.knows(key)) {
        Some(wait) => match tokio::time::timeout(SUSPECT_TIMEOUT, core.suspects.acquire()).await {
            Ok(Ok(place)) => Some(place),
            _ => return Err(Error::TooManyRequests(wait)),
        },
        None => None,
    };
    match core.verifier.authorise(key, need, visit.address).await {
        Err(Denied::Refused(Refusal::Unknown)) => {
            drop(place);
            let wait = wait();
            core.bearer_failures.count(source, core.clock.now());
            Err(wait.map_or(Error::Refused(Refusal::Unknown), Error::TooManyRequests))
        }
        Err(Denied::Refused(refusal)) => {
            if let Some(entry) = core.verifier.peek(key) {
                core.refusals.note(&entry, refusal, visit, core.clock.now());
                if matches!(refusal, Refusal::Insufficient(_) | Refusal::SessionNeeded | Refusal::Network) {
                    visit.in_flight.turn_away(entry);
                }
            }
            Err(Error::Refused(refusal))
        }
        outcome => Ok(outcome?),
    }
}

/// Has the session of a cookie judged.
pub async fn authorise_session(core: &Core, cookie: &str, visit: &Visit, need: Need) -> Result<Arc<Entry>, Error> {
    Ok(core.verifier.authorise(Key::Session(Digest::of(cookie)), need, visit.address).await?)
}

impl Actor {
    /// The proof that an entry was authorised for a request, which holds a lease on it from here on.
    #[must_use]
    pub fn new(core: &Core, entry: Arc<Entry>, need: Need, visit: Visit) -> Self {
        let lease = Lease::new(core.verifier.clone(), core.clock.clone(), Arc::clone(&entry), need, visit.address);
        visit.in_flight.hold(lease);
        Self { entry, need, visit }
    }
}
