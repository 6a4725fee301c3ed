//! Revokes a token, and says from when on that holds.

use uptrakit_api::{AccountId, AuditAction, Timestamp, TokenId};
use uptrakit_store::{Transaction, tokens};

use crate::{
    auth::{
        authorized::{Actor, Authorized, TokensWrite, UsersManage},
        credential::Key,
    },
    domain::{
        Affects,
        audit::{self, Event},
        begin_authorized_write, begin_write_with_grant, commit_and_bump_epoch, log_revoke,
    },
    error::Error,
    state::Core,
};

#[derive(Clone, Copy, Debug)]
pub struct Revoked {
    /// The instant from which the token is rejected.
    pub at: Timestamp,
    /// The number of requests and streams that were in flight in this process, without the one that revokes.
    pub cut_off: u64,
}

/// Revokes a token of the actor's account, with all its secrets. Revoking it again succeeds as well.
pub async fn revoke(core: &Core, actor: &Authorized<TokensWrite>, id: TokenId) -> Result<Revoked, Error> {
    revoke_own(core, actor, id).await
}

/// Revokes the token that makes the request, which needs no permission. Returns `None` for a web session.
pub async fn revoke_current<R>(core: &Core, actor: &Authorized<R>) -> Result<Option<Revoked>, Error> {
    let Some(id) = actor.token_id() else { return Ok(None) };
    revoke_own(core, actor, id).await.map(Some)
}

async fn revoke_own(core: &Core, actor: &Actor, id: TokenId) -> Result<Revoked, Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    revoke_in(core, actor, &mut tx, actor.account_id(), id).await?.finish(core, actor, tx).await
}

pub async fn revoke_of(
    core: &Core,
    actor: &Authorized<UsersManage>,
    account_id: AccountId,
    id: TokenId,
) -> Result<Revoked, Error> {
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Account(account_id)).await?;
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    revoke_in(core, actor, &mut tx, account_id, id).await?.finish(core, actor, tx).await
}

struct PendingRevoke {
    id: TokenId,
    account_id: AccountId,
    /// The keys of the token's secrets; `None` when the token was revoked before.
    news: Option<Vec<Key>>,
    at: Timestamp,
}

async fn revoke_in(
    core: &Core,
    actor: &Actor,
    tx: &mut Transaction,
    account_id: AccountId,
    id: TokenId,
) -> Result<PendingRevoke, Error> {
    let now = core.clock.now();
    if !tokens::revoke(tx, account_id, id, actor.account_id(), now).await? {
        // The token is unknown, or was revoked before.
        let row = tokens::find(tx.conn(), account_id, id, now).await?.ok_or(Error::NotFound)?;
        return Ok(PendingRevoke { id, account_id, news: None, at: row.revoked_at.unwrap_or(now) });
    }
    audit::record(core, tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenRevoke, id)).await?;
    let digests = tokens::list_digests(tx.conn(), id).await?;
    let digests = digests.into_iter().map(Key::Token).collect();
    Ok(PendingRevoke { id, account_id, news: Some(digests), at: now })
}

impl PendingRevoke {
    async fn finish(self, core: &Core, actor: &Actor, tx: Transaction) -> Result<Revoked, Error> {
        let Some(digests) = self.news else { return Ok(Revoked { at: self.at, cut_off: 0 }) };
        // A request that revokes its own token is not cut off.
        let own = usize::from(actor.token_id() == Some(self.id));
        let cut_off = core.verifier.count_in_flight(&digests).saturating_sub(own);
        let began = std::time::Instant::now();
        commit_and_bump_epoch(core, tx, self.account_id).await?;
        log_revoke("token revoked", actor, self.account_id, Some(self.id));
        metrics::histogram!("uptrakit_revoke_seconds").record(began.elapsed());
        // The revoke holds from the instant of this acknowledgement, not from that of the request.
        Ok(Revoked { at: core.clock.now(), cut_off: cut_off as u64 })
    }
}
