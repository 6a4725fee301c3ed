//! Takes a token off hold, on which a restore has put it.

use uptrakit_api::{AccountId, AuditAction, Token, TokenId};
use uptrakit_store::{
    Transaction,
    tokens::{self, TokenRow},
};

use super::{
    limits::Limits,
    row::{public, require_active},
};
use crate::{
    auth::authorized::{Actor, Authorized, TokensWrite, UsersManage},
    domain::{
        Affects,
        audit::{self, Event},
        begin_write_with_grant, commit_and_bump_epoch,
    },
    error::Error,
    state::Core,
};

/// Takes a token of the actor's account off hold: it works again, with the limits that it has. Confirming it again
/// succeeds as well. A token confirms none that may do more than itself.
pub async fn confirm(core: &Core, actor: &Authorized<TokensWrite>, id: TokenId) -> Result<Token, Error> {
    let (tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    confirm_in(core, actor, tx, actor.account_id(), id, &Limits::of(&grant)).await
}

pub async fn confirm_of(
    core: &Core,
    actor: &Authorized<UsersManage>,
    account_id: AccountId,
    id: TokenId,
) -> Result<Token, Error> {
    let (tx, grant) = begin_write_with_grant(core, actor, Affects::Account(account_id)).await?;
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    // An administrator may add accounts with any role, so that the limits of the token that is used don't count.
    let none = Limits { permissions: None, networks: None, expires_at: None };
    confirm_in(core, actor, tx, account_id, id, &none).await
}

async fn confirm_in(
    core: &Core,
    actor: &Actor,
    mut tx: Transaction,
    account_id: AccountId,
    id: TokenId,
    own: &Limits,
) -> Result<Token, Error> {
    let now = core.clock.now();
    let row = tokens::find(tx.conn(), account_id, id, now).await?.ok_or(Error::NotFound)?;
    require_active(&row, now)?;
    own.admit(&Limits::of_row(&row)?)?;
    if !tokens::confirm(&mut tx, id).await? {
        return Ok(public(row, now)?);
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenConfirm, id)).await?;
    // A process that has refused the token knows it as one on hold.
    commit_and_bump_epoch(core, tx, account_id).await?;
    Ok(public(TokenRow { held_at: None, ..row }, now)?)
}
