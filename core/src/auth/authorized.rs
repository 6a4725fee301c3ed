//! The proof that a request was authorised. Every function of the domain that reads or writes something of somebody's
//! takes one, so that forgetting to ask does not compile, whichever way the request came.

use std::{marker::PhantomData, ops::Deref, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use uptrakit_api::{AccountId, Permission, Permissions, TokenId, TokenSecret};

use super::{
    context::RequestContext,
    credential::{AuthError, Credential, Key, Need, Rejection},
    digest::Digest,
    in_flight::Lease,
    rate_limit::{ClientNetwork, RateLimiter},
    rejected_tokens::RejectedTokenLog,
    verifier::{CachedCredential, Verifier},
};
use crate::clock::Clock;

/// The proof that somebody was authorised, with all that rules and the audit trail need of them.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The credential and its account.
    pub(crate) entry: Arc<CachedCredential>,
    /// What it was judged for.
    pub(crate) need: Need,
    /// The request.
    pub(crate) context: RequestContext,
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

/// What it takes to judge credentials.
#[derive(Debug)]
pub struct Authenticator {
    pub verifier: Verifier,
    pub clock: Clock,
    /// Tokens that were presented and refused.
    pub rejected_tokens: RejectedTokenLog,
    /// Bearer tokens from an address that are none: 300, then five a second.
    pub bearer_failures: RateLimiter<ClientNetwork>,
    /// Places for look-ups of unknown tokens from addresses that have failed too often.
    pub unknown_token_lookups: Semaphore,
}

/// A credential, as a client sent it.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'r> {
    /// What stood behind `Bearer`.
    Token(&'r str),
    /// The value of the session's cookie.
    Session(&'r str),
}

/// An [`Actor`] who meets the requirement `R`.
#[derive(Debug)]
pub struct Authorized<R> {
    actor: Actor,
    requirement: PhantomData<R>,
}

impl<R: Requirement> Authorized<R> {
    /// Has a credential judged for a request, which holds a lease on it from here on. `program` names what sent it.
    pub async fn new(
        auth: &Authenticator,
        presented: Presented<'_>,
        context: RequestContext,
        program: impl FnOnce() -> Option<Box<str>>,
    ) -> Result<Self, AuthError> {
        let need = R::NEED;
        let entry = match presented {
            Presented::Token(text) => authorise_token(auth, text, &context, need).await?,
            Presented::Session(cookie) => {
                auth.verifier.authorise(Key::Session(Digest::of(cookie)), need, context.address).await?
            }
        };
        entry.note_program(program);
        let lease = Lease::new(auth.verifier.clone(), auth.clock.clone(), Arc::clone(&entry), need, context.address);
        context.in_flight.hold(lease);
        Ok(Self { actor: Actor { entry, need, context }, requirement: PhantomData })
    }
}

impl<R> Authorized<R> {
    /// The same actor, who must meet another requirement as well; a write is judged by that one again.
    pub fn require<S: Requirement>(mut self) -> Result<Authorized<S>, AuthError> {
        match S::NEED {
            Need::Permission(permission) if !self.permissions().contains(permission) => {
                return Err(AuthError::Rejected(Rejection::Insufficient(permission)));
            }
            Need::Session if self.session().is_none() => return Err(AuthError::Rejected(Rejection::SessionNeeded)),
            need => self.actor.need = need,
        }
        Ok(Authorized { actor: self.actor, requirement: PhantomData })
    }
}

impl<R> Deref for Authorized<R> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

/// How long an unknown token may wait for its turn to be looked up.
const UNKNOWN_TOKEN_TIMEOUT: Duration = Duration::from_secs(2);

/// A wrong checksum never reaches the database. Whoever sends too many tokens that are none is told to wait, unless
/// this one is known; of the unknown ones a few at a time are still looked up, each in its turn, for one of them may be
/// good and must not be refused for the others.
async fn authorise_token(
    auth: &Authenticator,
    text: &str,
    context: &RequestContext,
    need: Need,
) -> Result<Arc<CachedCredential>, AuthError> {
    let source = ClientNetwork::from(context.address);
    let wait = || auth.bearer_failures.wait(&source, auth.clock.now());
    let Ok(token) = TokenSecret::parse(text) else {
        if let Some(wait) = wait() {
            return Err(AuthError::TooManyRequests(wait));
        }
        auth.bearer_failures.count(source, auth.clock.now());
        return Err(AuthError::Rejected(Rejection::Unknown));
    };
    let key = Key::Token(Digest::of(token.expose()));
    let place = match wait().filter(|_| !auth.verifier.knows(key)) {
        Some(wait) => match tokio::time::timeout(UNKNOWN_TOKEN_TIMEOUT, auth.unknown_token_lookups.acquire()).await {
            Ok(Ok(place)) => Some(place),
            _ => return Err(AuthError::TooManyRequests(wait)),
        },
        None => None,
    };
    match auth.verifier.authorise(key, need, context.address).await {
        Err(AuthError::Rejected(Rejection::Unknown)) => {
            drop(place);
            let wait = wait();
            auth.bearer_failures.count(source, auth.clock.now());
            Err(wait.map_or(AuthError::Rejected(Rejection::Unknown), AuthError::TooManyRequests))
        }
        Err(AuthError::Rejected(refusal)) => {
            if let Some(entry) = auth.verifier.peek(key) {
                auth.rejected_tokens.note(&entry, refusal, context, auth.clock.now());
                if matches!(refusal, Rejection::Insufficient(_) | Rejection::SessionNeeded | Rejection::Network) {
                    context.in_flight.turn_away(entry);
                }
            }
            Err(AuthError::Rejected(refusal))
        }
        outcome => Ok(outcome?),
    }
}
