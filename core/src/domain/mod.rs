//! The rules of the domain. A function takes the parts of the process, the actor and the request; it knows neither HTTP
//! nor SQL. REST handlers and server functions call the same functions.

pub mod accounts;
pub mod audit;
pub mod feed;
pub mod hosts;
pub mod oauth;
pub mod paging;
mod public_host;
mod reporters;
pub mod restore;
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
    },
    domain::state::Core,
    error::Error,
};

/// What a write changes; it decides which accounts are locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affects {
    /// The actor's own account and credentials, or data. Every write locks the account of its actor.
    Own,
    Account(AccountId),
    Accounts(Vec<AccountId>),
}

/// The account and the credential of an actor as of a transaction. They may permit less than when the request arrived.
#[derive(Clone, Debug)]
pub struct Grant {
    pub account: AccountState,
    pub credential: Credential,
}

/// Begins a write under a credential, and checks the credential again inside the transaction: a revoke that commits
/// first is seen here, and a later one waits for this transaction. So no write commits after its credential was
/// revoked.
pub async fn begin_authorized_write(core: &Core, actor: &Actor, affects: Affects) -> Result<Transaction, Error> {
    begin_write_with_grant(core, actor, affects).await.map(|(tx, _)| tx)
}

/// Begins a write as [`begin_authorized_write`] does, and returns what the actor may do now, for a write that passes
/// some of it on: it must not pass on more.
pub async fn begin_write_with_grant(
    core: &Core,
    actor: &Actor,
    affects: Affects,
) -> Result<(Transaction, Grant), Error> {
    let mut tx = core.store.begin().await?;
    let own = actor.account_id();
    let mut accounts = vec![own];
    match affects {
        Affects::Account(other) => accounts.push(other),
        Affects::Accounts(others) => accounts.extend(others),
        Affects::Own => {}
    }
    // The accounts are locked in the order of their ids, so that two actors that change each other don't deadlock.
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        epoch::lock_account(&mut tx, account).await?;
    }
    let (account, credential) = reread(&mut tx, actor.entry.key).await?;
    let now = core.clock.now();
    // A use that is not written yet keeps a session from being idle.
    let used = actor.entry.used_at();
    let last_active = match &credential {
        Credential::Session(session) => session.last_active_at.max(used),
        Credential::Token(_) | Credential::Access(_) => used,
    };
    let credential = core.verifier.future_overlaps().apply(actor.entry.key, &credential, now).into_owned();
    credential.check(&account, actor.need, actor.context.address, now, last_active).map_err(Error::Rejected)?;
    // A revoke waits for this transaction from here on: the write comes first, and its client must receive the answer.
    actor.context.in_flight.exempt();
    Ok((tx, Grant { account, credential }))
}

async fn reread(tx: &mut Transaction, key: Key) -> Result<(AccountState, Credential), Error> {
    let found = match key {
        Key::Token(digest) => {
            credentials::list_tokens(tx.conn(), &[digest]).await?.pop().map(Found::token).transpose()?
        }
        Key::Session(digest) => {
            credentials::list_sessions(tx.conn(), &[digest]).await?.pop().map(Found::session).transpose()?
        }
        Key::Access(digest, _) => {
            credentials::list_access_tokens(tx.conn(), &[digest]).await?.pop().map(Found::access).transpose()?
        }
    };
    let found = found.filter(|found| found.key == key);
    let Found { account, credential, .. } = found.ok_or(Error::Rejected(match key {
        Key::Token(_) | Key::Access(..) => Rejection::Unknown,
        Key::Session(_) => Rejection::SessionOver,
    }))?;
    Ok((account, credential))
}

/// Commits a transaction that changed what an account or its credentials may do. When this returns, no request that
/// arrives afterwards is checked against the old state, in any process, and the requests in flight in this process have
/// been notified.
pub async fn commit_and_bump_epoch(core: &Core, mut tx: Transaction, account_id: AccountId) -> Result<(), Error> {
    epoch::bump_epoch(&mut tx, account_id, core.clock.now()).await?;
    commit_bumped_epoch(core, tx).await
}

/// Commits a transaction that has added a credential. The epoch is incremented for no account, because nothing that was
/// cached has become invalid. But without an increment, a restore to just before the commit would go unnoticed, and the
/// credential would stay in the cache.
pub async fn commit_new_credential(core: &Core, mut tx: Transaction) -> Result<(), Error> {
    epoch::bump_epoch(&mut tx, AccountId::NIL, core.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Logs a revoke once it is durable. `token_id` is `None` when the revoke concerns the whole account.
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
        trace_id = actor.context.trace_field(),
    );
}

/// Commits a transaction that has bumped the epoch already, with the guarantees of [`commit_and_bump_epoch`].
pub(crate) async fn commit_bumped_epoch(core: &Core, tx: Transaction) -> Result<(), Error> {
    tx.commit().await?;
    if core.verifier.catch_up().await.is_err() {
        // The change is durable; only this process could not read it back. It invalidates everything that it has
        // cached.
        core.verifier.distrust();
    }
    Ok(())
}
