//! The rules. A function here takes the parts of the process, who asks, and what they ask for; it knows neither HTTP
//! nor SQL. REST handlers and server functions call the same ones.

pub mod accounts;
pub mod audit;
pub mod feed;
pub mod hosts;
pub mod paging;
mod reporters;
pub mod sessions;
pub mod state;
pub mod tokens;
pub mod users;

use uptrakit_api::{AccountId, TokenId};
use uptrakit_store::{Transaction, credentials, epoch};

use crate::{
    auth::{
        authorized::Actor,
        credential::{AccountState, Credential, Found, Key, Rejection},
        digest::Digest,
    },
    domain::state::Core,
    error::Error,
};

/// What a write is going to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affects {
    /// Data alone.
    Data,
    /// What the caller's own account or its credentials may do.
    OwnAccount,
    /// What somebody's account may do.
    Account(AccountId),
}

/// What an actor may do as of a transaction, which may be less than when their request arrived.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Their account.
    pub account: AccountState,
    /// The credential that they came with.
    pub credential: Credential,
}

/// Begins a write under a credential, and judges the credential again inside the transaction: a revoke that commits
/// first is seen here, one that comes later waits for this to end. So no write commits after its credential is dead.
pub async fn begin_authorized_write(core: &Core, actor: &Actor, affects: Affects) -> Result<Transaction, Error> {
    begin_write_with_grant(core, actor, affects).await.map(|(tx, _)| tx)
}

/// The same for a write that hands on what the actor may do: no more than they may now.
pub async fn begin_write_with_grant(
    core: &Core,
    actor: &Actor,
    affects: Affects,
) -> Result<(Transaction, Grant), Error> {
    let mut tx = core.store.begin().await?;
    let own = actor.account_id();
    let mut accounts = vec![own];
    if let Affects::Account(other) = affects {
        accounts.push(other);
    }
    // Always in the order of the ids, so that two who change each other don't wait for each other.
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        epoch::lock_account(&mut tx, account.0).await?;
    }
    let (account, credential) = reread(&mut tx, actor.entry.key).await?;
    let now = core.clock.now();
    // A use that is not written yet keeps a session from being idle.
    let used = actor.entry.used_at();
    let last_active = match &credential {
        Credential::Session(session) => session.last_active_at.max(used),
        Credential::Token(_) => used,
    };
    credential.judge(&account, actor.need, actor.context.address, now, last_active).map_err(Error::Rejected)?;
    // What takes the power away waits for this transaction from here on: the request comes first, and must hear so.
    actor.context.in_flight.exempt();
    Ok((tx, Grant { account, credential }))
}

async fn reread(tx: &mut Transaction, key: Key) -> Result<(AccountState, Credential), Error> {
    let found = match key {
        Key::Token(Digest(digest)) => {
            credentials::list_tokens(tx.conn(), &[digest]).await?.pop().map(Found::token).transpose()?
        }
        Key::Session(Digest(digest)) => {
            credentials::list_sessions(tx.conn(), &[digest]).await?.pop().map(Found::session).transpose()?
        }
    };
    let Found { account, credential, .. } = found.ok_or(Error::Rejected(match key {
        Key::Token(_) => Rejection::Unknown,
        Key::Session(_) => Rejection::SessionOver,
    }))?;
    Ok((account, credential))
}

/// Ends a transaction that changed what an account or its credentials may do. When this returns, no request that
/// arrives afterwards is judged by the old state, in any process, and this process has told what is under way.
pub async fn commit_and_bump_epoch(core: &Core, mut tx: Transaction, account_id: AccountId) -> Result<(), Error> {
    epoch::bump_epoch(&mut tx, account_id.0, core.clock.now().0).await?;
    commit_bumped_epoch(core, tx).await
}

/// Says in the log what an actor took away, once that is durable: of one token, or of the account.
fn log_revoke(what: &str, actor: &Actor, account_id: AccountId, token_id: Option<TokenId>) {
    tracing::info!(
        message = format_args!("{what}"),
        token_id = token_id.map(tracing::field::display),
        %account_id,
        by = %actor.account_id(),
        by_username = &*actor.entry.account.state.username,
        by_token_id = actor.token_id().map(tracing::field::display),
        address = %actor.context.address,
        request_id = %actor.context.request_id,
    );
}

/// The same for a transaction that has moved the epoch already.
pub(crate) async fn commit_bumped_epoch(core: &Core, tx: Transaction) -> Result<(), Error> {
    tx.commit().await?;
    if core.verifier.catch_up().await.is_err() {
        // The change is durable; only this process could not read it back. It trusts nothing that it knew.
        core.verifier.distrust();
    }
    Ok(())
}
