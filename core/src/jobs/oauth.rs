//! Removes what is left of OAuth: applications that no account has ever connected, and what has expired.

use uptrakit_api::{AccountId, AuditAction, Timestamp};
use uptrakit_store::{
    Transaction,
    oauth::{access_tokens, applications, codes, devices, grants, refresh_tokens, requests},
};

use crate::{
    auth::credential::ACCESS_TOKEN_MILLIS,
    clock::horizon,
    domain::{
        audit::{self, Event},
        oauth::lifetimes::{CODE_MILLIS, IDLE_MILLIS, REQUEST_MILLIS},
    },
    error::Error,
    state::Core,
};

/// Ends what was made while a clock was ahead. It is refused already, and would come to life when its time has come.
/// Returns the accounts whose grants are revoked.
pub async fn end_future(core: &Core, tx: &mut Transaction, now: Timestamp) -> Result<Vec<AccountId>, Error> {
    let latest = |lifetime_millis| horizon(now).plus_millis(lifetime_millis);
    requests::delete_future(tx, latest(REQUEST_MILLIS)).await?;
    devices::delete_future(tx, latest(REQUEST_MILLIS)).await?;
    codes::delete_future(tx, latest(CODE_MILLIS)).await?;
    access_tokens::delete_future(tx, latest(ACCESS_TOKEN_MILLIS)).await?;
    let mut accounts = Vec::new();
    for (id, account) in grants::revoke_future(tx, now, horizon(now), latest(IDLE_MILLIS)).await? {
        let event = Event { target: Some(id.into()), ..Event::of(AuditAction::GrantRevoke) };
        audit::record(core, tx, None, event).await?;
        accounts.push(account);
    }
    Ok(accounts)
}

/// A day: an application has this time to be connected, and what has expired is kept for this time, so that a late use
/// is told from an unknown secret.
const EXPIRED_KEPT_MILLIS: i64 = 86_400_000;
/// Requests of the authorization endpoint need no credential and may be long. They are kept for no longer than the page
/// may want to say that one has expired.
const REQUESTS_KEPT_MILLIS: i64 = 3_600_000;

pub async fn sweep(tx: &mut Transaction, now: Timestamp) -> uptrakit_store::Result<u64> {
    let before = now.plus_millis(-EXPIRED_KEPT_MILLIS);
    requests::delete_expired(tx, now.plus_millis(-REQUESTS_KEPT_MILLIS)).await?;
    codes::delete_expired(tx, before).await?;
    devices::delete_expired(tx, before).await?;
    access_tokens::delete_expired(tx, before).await?;
    refresh_tokens::delete_over_before(tx, before).await?;
    grants::delete_over_before(tx, now.plus_millis(-super::KEPT_MILLIS)).await?;
    applications::delete_unused_before(tx, before).await
}
