//! How often applications and people may ask. Each process counts by itself.

use std::time::Duration;

use uptrakit_api::{AccountId, ApplicationId};

use super::rate_limit::{ClientNetwork, RateLimiter};

#[derive(Debug)]
pub struct OAuthLimits {
    /// Registrations per client network: 20 an hour.
    pub registrations: RateLimiter<ClientNetwork>,
    /// Requests of the authorization endpoint per client network: 30 a minute.
    pub authorize: RateLimiter<ClientNetwork>,
    /// Requests of the token endpoint per application and client network: 60 a minute. Unknown applications share one
    /// count.
    pub token: RateLimiter<(Option<ApplicationId>, ClientNetwork)>,
    /// Requests of the revocation endpoint, counted like those of the token endpoint and apart from them, because a revoke
    /// must not wait for what others ask.
    pub revocations: RateLimiter<(Option<ApplicationId>, ClientNetwork)>,
    /// Answers on the consent page per account: 30 a minute.
    pub consent: RateLimiter<AccountId>,
    /// Wrong codes of devices per account: five a minute.
    pub user_codes: RateLimiter<AccountId>,
}

impl Default for OAuthLimits {
    fn default() -> Self {
        Self {
            registrations: RateLimiter::new(20, Duration::from_mins(3)),
            authorize: RateLimiter::new(30, Duration::from_secs(2)),
            token: RateLimiter::new(60, Duration::from_secs(1)),
            revocations: RateLimiter::new(60, Duration::from_secs(1)),
            consent: RateLimiter::new(30, Duration::from_secs(2)),
            user_codes: RateLimiter::new(5, Duration::from_secs(12)),
        }
    }
}
