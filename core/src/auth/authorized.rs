//! The proof that a request was authorized. A domain function that reads or writes data under a credential takes an
//! [`Authorized`], so that a missing check does not compile, behind REST and server functions alike.

use std::{marker::PhantomData, ops::Deref, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use uptrakit_api::{AccessToken, AccountId, GrantId, Permission, Permissions, Timestamp, TokenId, TokenSecret};

use super::{
    context::RequestContext,
    credential::{AuthError, Credential, Key, Need, Rejection},
    digest::Digest,
    in_flight::Lease,
    rate_limit::{ClientNetwork, RateLimiter},
    rejected_tokens::RejectedTokenLog,
    resource::Resource,
    verifier::{CachedCredential, Verifier},
};
use crate::clock::Clock;

/// The credential that authorized a request, with what the domain and the audit log need to know of it.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(crate) entry: Arc<CachedCredential>,
    pub(crate) need: Need,
    pub(crate) context: RequestContext,
}

impl Actor {
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        self.entry.account.state.id
    }

    #[must_use]
    pub fn token_id(&self) -> Option<TokenId> {
        self.entry.credential.token_id()
    }

    /// Returns the connected application that acts for the account; `None` when another credential does.
    #[must_use]
    pub fn grant_id(&self) -> Option<GrantId> {
        match &self.entry.credential {
            Credential::Access(access) => Some(access.grant_id),
            Credential::Token(_) | Credential::Session(_) => None,
        }
    }

    /// Checks the credential as it was when it authorized the request.
    pub fn check(&self, need: Need) -> Result<(), AuthError> {
        self.entry.credential.satisfy(&self.entry.account.state, need).map_err(AuthError::Rejected)
    }

    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.entry.credential.permissions(&self.entry.account.state)
    }

    /// Returns what the account may do, of which the credential may do a part.
    #[must_use]
    pub fn account_permissions(&self) -> Permissions {
        self.entry.account.state.roles.permissions()
    }

    /// Returns when the credential expires; `None` means never.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.entry.credential.ends_at()
    }

    #[must_use]
    pub fn session(&self) -> Option<&super::credential::SessionCredential> {
        match &self.entry.credential {
            Credential::Session(session) => Some(session),
            Credential::Token(_) | Credential::Access(_) => None,
        }
    }
}

pub trait Requirement {
    const NEED: Need;
}

macro_rules! requirements {
    ($($(#[$doc:meta])* $name:ident = $need:expr;)+) => {
        $($(#[$doc])* #[derive(Debug)] pub struct $name;
        impl Requirement for $name { const NEED: Need = $need; })+
    };
}

requirements! {
    AnyCredential = Need::Anything;
    WebSession = Need::Session;
    HostsRead = Need::Permission(Permission::HostsRead);
    HostsReport = Need::Permission(Permission::HostsReport);
    HostsWrite = Need::Permission(Permission::HostsWrite);
    TokensWrite = Need::Permission(Permission::TokensWrite);
    TokenRotation = Need::Rotation;
    UsersManage = Need::Permission(Permission::UsersManage);
    AuditRead = Need::Permission(Permission::AuditRead);
}

#[derive(Debug)]
pub struct Authenticator {
    pub verifier: Verifier,
    pub clock: Clock,
    pub rejected_tokens: RejectedTokenLog,
    /// False where the authorization server is turned off: then no access token of OAuth is known.
    pub accepts_access_tokens: bool,
    /// Counts malformed and unknown bearer tokens per client network: 300 at once, then five a second.
    pub bearer_failures: RateLimiter<ClientNetwork>,
    /// Bounds how many unknown tokens are looked up at once for client networks that have exceeded `bearer_failures`.
    pub unknown_token_lookups: Semaphore,
}

/// A credential as the client sent it: the value after `Bearer`, or that of the session cookie.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'r> {
    /// An API token, or an access token for the resource that the route belongs to.
    Bearer(&'r str, Resource),
    Session(&'r str),
}

/// An [`Actor`] that meets the requirement `R`. Only [`Authorized::new`] and [`Authorized::require`] make one.
#[derive(Debug)]
pub struct Authorized<R> {
    actor: Actor,
    requirement: PhantomData<R>,
}

impl<R: Requirement> Authorized<R> {
    /// Authorizes a request by the presented credential and stores a lease on it in the request's context. `program`
    /// returns the name of the client program; it is called only once per cached credential.
    pub async fn new(
        auth: &Authenticator,
        presented: Presented<'_>,
        context: RequestContext,
        program: impl FnOnce() -> Option<Box<str>>,
    ) -> Result<Self, AuthError> {
        let need = R::NEED;
        let entry = match presented {
            Presented::Bearer(text, resource) => authorize_bearer(auth, text, resource, &context, need).await?,
            Presented::Session(cookie) => {
                auth.verifier.authorize(Key::Session(Digest::of(cookie)), need, context.address).await?
            }
        };
        entry.note_program(program);
        let lease = Lease::new(auth.verifier.clone(), auth.clock.clone(), Arc::clone(&entry), context.address);
        context.in_flight.hold(lease, need);
        Ok(Self { actor: Actor { entry, need, context }, requirement: PhantomData })
    }
}

impl<R> Authorized<R> {
    /// Checks the same actor against a further requirement; the check inside a write transaction uses that one from
    /// then on.
    pub fn require<S: Requirement>(mut self) -> Result<Authorized<S>, AuthError> {
        self.actor.check(S::NEED)?;
        self.actor.need = S::NEED;
        Ok(Authorized { actor: self.actor, requirement: PhantomData })
    }

    /// Checks the credential again where its account has changed since it was checked.
    pub async fn renew(mut self, auth: &Authenticator) -> Result<Self, AuthError> {
        let Actor { entry, need, context } = &mut self.actor;
        if !entry.account.is_current() {
            *entry = auth.verifier.authorize(entry.key, *need, context.address).await?;
        }
        Ok(self)
    }

    /// Checks the same actor against the requirement of what the request's body asks for. From now on the request is
    /// cut off when the credential no longer meets it.
    pub fn require_from_now_on<S: Requirement>(&self) -> Result<Authorized<S>, AuthError> {
        self.actor.check(S::NEED)?;
        self.actor.context.in_flight.need(S::NEED);
        let actor = Actor { need: S::NEED, ..self.actor.clone() };
        Ok(Authorized { actor, requirement: PhantomData })
    }
}

impl<R> Deref for Authorized<R> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

const UNKNOWN_TOKEN_TIMEOUT: Duration = Duration::from_secs(2);

/// Checks a bearer token. One with a wrong checksum never reaches the database. A client that has sent too many
/// malformed or unknown tokens is told to wait, unless this token is cached. Of the uncached ones a few at a time are
/// still looked up, because one of them may be valid and must not be rejected for the others.
async fn authorize_bearer(
    auth: &Authenticator,
    text: &str,
    resource: Resource,
    context: &RequestContext,
    need: Need,
) -> Result<Arc<CachedCredential>, AuthError> {
    let source = ClientNetwork::from(context.address);
    let wait = || auth.bearer_failures.wait(&source, auth.clock.now());
    let key = bearer_key(text, resource);
    let Some(key) = key.filter(|key| auth.accepts_access_tokens || !matches!(key, Key::Access(..))) else {
        if let Some(wait) = wait() {
            return Err(AuthError::TooManyRequests(wait));
        }
        auth.bearer_failures.count(source, auth.clock.now());
        return Err(AuthError::Rejected(Rejection::of_malformed(text)));
    };
    let place = match wait().filter(|_| !auth.verifier.knows(key)) {
        Some(wait) => match tokio::time::timeout(UNKNOWN_TOKEN_TIMEOUT, auth.unknown_token_lookups.acquire()).await {
            Ok(Ok(place)) => Some(place),
            _ => return Err(AuthError::TooManyRequests(wait)),
        },
        None => None,
    };
    match auth.verifier.authorize(key, need, context.address).await {
        Err(AuthError::Rejected(Rejection::Unknown)) => {
            drop(place);
            let wait = wait();
            auth.bearer_failures.count(source, auth.clock.now());
            Err(wait.map_or(AuthError::Rejected(Rejection::Unknown), AuthError::TooManyRequests))
        }
        Err(AuthError::Rejected(refusal)) => {
            if let Some(entry) = auth.verifier.peek(key) {
                auth.rejected_tokens.note(&entry, refusal, context, auth.clock.now());
                if matches!(
                    refusal,
                    Rejection::Insufficient(_)
                        | Rejection::SecretReplaced
                        | Rejection::SessionNeeded
                        | Rejection::Network
                ) {
                    context.in_flight.turn_away(entry);
                }
            }
            Err(AuthError::Rejected(refusal))
        }
        outcome => Ok(outcome?),
    }
}

/// Returns `None` for a text that is no API token and no access token, or whose checksum is wrong.
fn bearer_key(text: &str, resource: Resource) -> Option<Key> {
    if let Ok(token) = TokenSecret::parse(text) {
        return Some(Key::Token(Digest::of(token.expose())));
    }
    AccessToken::parse(text).ok().map(|token| Key::Access(Digest::of(token.expose()), resource))
}
