//! Uses of tokens that are revoked, expired or on hold, or whose account is deactivated. They are noted in memory and written to
//! the audit log in the background. Each token is noted once an hour, and only a limited number of tokens, so that a
//! flood of them can't fill the database.

use std::{collections::HashMap, net::IpAddr};

use uptrakit_api::{AccountId, Timestamp, TokenId};

use super::{
    context::{RequestContext, RequestId},
    credential::Rejection,
    verifier::CachedCredential,
    write_queue::WriteQueue,
};
use crate::clock::horizon;
use crate::lock::Mutex;

/// An event stands for all uses of the same token within an hour.
const INTERVAL_MILLIS: i64 = 3_600_000;
const MOST_TOKENS: usize = 1_000;

#[derive(Debug, Default)]
pub struct RejectedTokenLog {
    noted: Mutex<Noted>,
    pub waiting: WriteQueue<RejectedTokenUse>,
}

#[derive(Debug, Default)]
struct Noted(HashMap<TokenId, Timestamp>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedTokenUse {
    pub at: Timestamp,
    pub reason: DeathCause,
    pub account: AccountId,
    pub token: TokenId,
    pub address: IpAddr,
    pub request_id: RequestId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeathCause {
    Revoked,
    Expired,
    OnHold,
    AccountDisabled,
}

impl DeathCause {
    /// Returns `None` for a rejection that does not mean that the token is revoked, expired, on hold or of a
    /// deactivated account.
    const fn of(refusal: Rejection) -> Option<Self> {
        match refusal {
            Rejection::Revoked => Some(Self::Revoked),
            Rejection::Expired => Some(Self::Expired),
            Rejection::OnHold => Some(Self::OnHold),
            Rejection::AccountDisabled => Some(Self::AccountDisabled),
            _ => None,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::OnHold => "on-hold",
            Self::AccountDisabled => "account-disabled",
        }
    }
}

impl RejectedTokenLog {
    /// Notes the use of a token that is revoked, expired, on hold or of a deactivated account, at most once an hour.
    pub fn note(&self, entry: &CachedCredential, refusal: Rejection, context: &RequestContext, now: Timestamp) {
        let (Some(token), Some(reason)) = (entry.credential.token_id(), DeathCause::of(refusal)) else { return };
        let account = entry.account.state.id;
        if self.noted.lock().add(token, now) {
            let (address, request_id) = (context.address, context.request_id.clone());
            self.waiting.push(RejectedTokenUse { at: now, reason, account, token, address, request_id });
        }
    }
}

impl Noted {
    fn add(&mut self, token: TokenId, now: Timestamp) -> bool {
        // An entry in the future of this clock was noted while the clock was wrong.
        let is_recent = |noted: &Timestamp| now.millis_since(*noted) < INTERVAL_MILLIS && *noted <= horizon(now);
        if self.0.get(&token).is_some_and(is_recent) {
            return false;
        }
        if self.0.len() >= MOST_TOKENS {
            self.0.retain(|_, noted| is_recent(noted));
        }
        let has_room = self.0.len() < MOST_TOKENS;
        if has_room {
            self.0.insert(token, now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::{INTERVAL_MILLIS, MOST_TOKENS, Noted};
    use uptrakit_api::{Timestamp, TokenId};
    use uuid::Uuid;

    fn add(noted: &mut Noted, token: usize, at: i64) -> bool {
        noted.add(TokenId(Uuid::from_u128(token as u128)), Timestamp(at))
    }

    #[test]
    fn a_token_is_noted_once_an_hour() {
        let mut noted = Noted::default();
        let times = [0, 1, INTERVAL_MILLIS - 1, INTERVAL_MILLIS, INTERVAL_MILLIS + 1];
        assert_eq!(times.map(|at| add(&mut noted, 1, at)), [true, false, false, true, false]);
        assert!(add(&mut noted, 2, 5));
    }

    #[test]
    fn what_a_clock_noted_that_was_ahead_keeps_nothing_off_the_trail_once_it_is_right() {
        let mut noted = Noted::default();
        let ahead = 365 * 86_400_000;
        for token in 0..MOST_TOKENS {
            assert!(add(&mut noted, token, ahead));
        }
        assert_eq!([0, 1, INTERVAL_MILLIS].map(|at| add(&mut noted, 1, at)), [true, false, true]);
        assert!(add(&mut noted, MOST_TOKENS, 0), "room was kept for what was noted in the future");
    }

    #[test]
    fn only_so_many_tokens_are_noted_and_room_comes_back() {
        let mut noted = Noted::default();
        let added = (0..3 * MOST_TOKENS).filter(|token| add(&mut noted, *token, 0)).count();
        assert_eq!((added, noted.0.len()), (MOST_TOKENS, MOST_TOKENS));
        assert!(add(&mut noted, 3 * MOST_TOKENS, INTERVAL_MILLIS));
        assert_eq!(noted.0.len(), 1);
    }
}
