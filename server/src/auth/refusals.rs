//! Dead tokens that somebody still presents: noted in memory, written to the audit trail in the background. Each
//! token is noted once an hour and only so many tokens are, so that a flood of dead tokens can't fill the database.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use uptrakit_api::{AccountId, Timestamp, TokenId};

use super::{
    caller::{RequestId, Visit},
    credential::Refusal,
    verifier::Entry,
};

/// How long one event stands for all further attempts with the same token: an hour.
const INTERVAL_MILLIS: i64 = 3_600_000;
/// How many tokens are noted in an hour.
const MOST_TOKENS: usize = 1_000;

/// Refusals of dead tokens that wait to be written.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When each token was last noted.
    noted: HashMap<TokenId, Timestamp>,
    waiting: Vec<DeadToken>,
}

/// An attempt with a token that was good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadToken {
    /// When.
    pub at: Timestamp,
    /// Why it was refused.
    pub reason: DeathCause,
    /// Whose token it is.
    pub account: AccountId,
    /// The token.
    pub token: TokenId,
    /// From where.
    pub address: IpAddr,
    /// The request.
    pub request_id: RequestId,
}

/// What a dead token died of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeathCause {
    /// It was revoked, or its text was replaced by a rotation.
    Revoked,
    /// Its time is over.
    Expired,
    /// Its account is deactivated.
    AccountDisabled,
}

impl DeathCause {
    /// The cause behind a refusal, if it says that the token is dead.
    const fn of(refusal: Refusal) -> Option<Self> {
        match refusal {
            Refusal::Revoked => Some(Self::Revoked),
            Refusal::Expired => Some(Self::Expired),
            Refusal::AccountDisabled => Some(Self::AccountDisabled),
            _ => None,
        }
    }

    /// Its name in the audit trail.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::AccountDisabled => "account-disabled",
        }
    }
}

impl Refusals {
    /// Notes that this credential was refused, if it is a token and dead, and not noted within the hour.
    pub fn note(&self, entry: &Entry, refusal: Refusal, visit: &Visit, now: Timestamp) {
        let (Some(token), Some(reason)) = (entry.credential.token_id(), DeathCause::of(refusal)) else { return };
        let account = entry.account.state.id;
        let (address, request_id) = (visit.address, visit.request_id);
        self.lock().note(DeadToken { at: now, reason, account, token, address, request_id });
    }

    /// What waits to be written; it waits no longer.
    #[must_use]
    pub fn take(&self) -> Vec<DeadToken> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, unwritten: &[DeadToken]) {
        self.lock().waiting.extend_from_slice(unwritten);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, attempt: DeadToken) {
        let is_recent = |noted: &Timestamp| attempt.at.0 - noted.0 < INTERVAL_MILLIS;
        if self.noted.get(&attempt.token).is_some_and(is_recent) {
            return;
        }
        if self.noted.len() >= MOST_TOKENS {
            self.noted.retain(|_, noted| is_recent(noted));
        }
        if self.noted.len() < MOST_TOKENS {
            self.noted.insert(attempt.token, attempt.at);
            self.waiting.push(attempt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeadToken, DeathCause, INTERVAL_MILLIS, MOST_TOKENS, State};
    use crate::auth::caller::RequestId;
    use std::net::Ipv4Addr;
    use uptrakit_api::{AccountId, Timestamp, TokenId};
    use uuid::Uuid;

    fn attempt(token: usize, at: i64) -> DeadToken {
        DeadToken {
            at: Timestamp(at),
            reason: DeathCause::Revoked,
            account: AccountId(Uuid::nil()),
            token: TokenId(Uuid::from_u128(token as u128)),
            address: Ipv4Addr::LOCALHOST.into(),
            request_id: RequestId { process: 0, count: 0 },
        }
    }

    #[test]
    fn a_token_is_noted_once_an_hour() {
        let mut state = State::default();
        for at in [0, 1, INTERVAL_MILLIS - 1, INTERVAL_MILLIS, INTERVAL_MILLIS + 1] {
            state.note(attempt(1, at));
        }
        state.note(attempt(2, 5));
        let noted: Vec<_> = state.waiting.iter().map(|attempt| attempt.at.0).collect();
        assert_eq!(noted, [0, INTERVAL_MILLIS, 5]);
    }

    #[test]
    fn only_so_many_tokens_are_noted_and_room_comes_back() {
        let mut state = State::default();
        for token in 0..3 * MOST_TOKENS {
            state.note(attempt(token, 0));
        }
        assert_eq!((state.noted.len(), state.waiting.len()), (MOST_TOKENS, MOST_TOKENS));
        state.note(attempt(3 * MOST_TOKENS, INTERVAL_MILLIS));
        assert_eq!((state.noted.len(), state.waiting.len()), (1, MOST_TOKENS + 1));
    }
}
