//! Who makes a request: takes the credential out of the headers, has it judged, and hands handlers a proof. A handler
//! says in its signature what it needs (`Caller<HostsRead>`), so that forgetting to ask does not compile.

use std::{marker::PhantomData, net::IpAddr, sync::Arc, time::Duration};

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use uptrakit_api::{AccountId, Permission, Permissions, Timestamp, TokenId, TokenText};

use super::{
    credential::{Credential, Key, Need, Refusal},
    digest::Digest,
    in_flight::{InFlight, Lease},
    origin::{self, Origin},
    throttle::Source,
    verifier::{Denied, Entry},
};
use crate::{error::Error, state::App};

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

impl<R: Requirement> FromRequestParts<App> for Caller<R> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let visit = visit(parts);
        Ok(Self(authenticate(app, &parts.headers, visit, R::NEED).await?, PhantomData))
    }
}

/// The visit that the outermost layer put into the request.
///
/// # Panics
/// When that layer is missing.
#[must_use]
pub fn visit(parts: &Parts) -> Visit {
    parts.extensions.get::<Visit>().expect("the outermost layer adds the visit").clone()
}

/// Finds the credential, has it judged, and takes a lease for the request.
pub async fn authenticate(app: &App, headers: &HeaderMap, visit: Visit, need: Need) -> Result<Actor, Error> {
    let entry = match bearer(headers)? {
        Some(text) => authorise_bearer(app, text, &visit, need).await?,
        None => {
            let Some(cookie) = session_cookie(headers, app.public_url.cookie_name())? else {
                return Err(Error::Refused(Refusal::Missing));
            };
            if Origin::of(headers, app.public_url.as_str()) != Origin::Same {
                return Err(origin::refuse(&visit, headers, app.public_url.as_str()));
            }
            app.verifier.authorise(Key::Session(Digest::of(cookie)), need, visit.address).await?
        }
    };
    entry.note_program(headers);
    let lease = Lease::new(app.verifier.clone(), app.clock.clone(), Arc::clone(&entry), need, visit.address);
    visit.in_flight.hold(lease);
    Ok(Actor { entry, need, visit })
}

/// How long an unknown token may wait for its turn to be looked up.
const SUSPECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A wrong checksum never reaches the database. Whoever sends too many tokens that are none is told to wait, unless
/// this one is known; of the unknown ones a few at a time are still looked up, each in its turn, for one of them may be
/// good and must not be refused for the others.
async fn authorise_bearer(app: &App, text: &str, visit: &Visit, need: Need) -> Result<Arc<Entry>, Error> {
    let source = Source::from(visit.address);
    let wait = || app.bearer_failures.wait(&source, app.clock.now());
    let Ok(token) = TokenText::parse(text) else {
        if let Some(wait) = wait() {
            return Err(Error::TooManyRequests(wait));
        }
        app.bearer_failures.count(source, app.clock.now());
        return Err(Error::Refused(Refusal::Unknown));
    };
    let key = Key::Token(Digest::of(token.expose()));
    let place = match wait().filter(|_| !app.verifier.knows(key)) {
        Some(wait) => match tokio::time::timeout(SUSPECT_TIMEOUT, app.suspects.acquire()).await {
            Ok(Ok(place)) => Some(place),
            _ => return Err(Error::TooManyRequests(wait)),
        },
        None => None,
    };
    match app.verifier.authorise(key, need, visit.address).await {
        Err(Denied::Refused(Refusal::Unknown)) => {
            drop(place);
            let wait = wait();
            app.bearer_failures.count(source, app.clock.now());
            Err(wait.map_or(Error::Refused(Refusal::Unknown), Error::TooManyRequests))
        }
        Err(Denied::Refused(refusal)) => {
            if let Some(entry) = app.verifier.peek(key) {
                app.refusals.note(&entry, refusal, visit, app.clock.now());
                if matches!(refusal, Refusal::Insufficient(_) | Refusal::SessionNeeded | Refusal::Network) {
                    visit.in_flight.turn_away(entry);
                }
            }
            Err(Error::Refused(refusal))
        }
        outcome => Ok(outcome?),
    }
}

/// The bearer token of the `Authorization` header (RFC 6750, section 2.1), if there is one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::Malformed("Send one Authorization header, not several."));
    }
    let Ok(value) = value.to_str() else { return Err(Error::Refused(Refusal::Unknown)) };
    let (scheme, text) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| text.trim()))
}

/// The session's cookie, if there is one.
pub fn session_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Error> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let first = values.next();
    if values.next().is_some() {
        return Err(Error::Malformed("Send one session cookie, not several."));
    }
    Ok(first)
}
