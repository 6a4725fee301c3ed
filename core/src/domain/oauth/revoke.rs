//! Revocation by the application itself (RFC 7009): a refresh token ends its grant, an access token itself alone.

use uptrakit_api::{AccessToken, AccountId, AuditAction, GrantId, RefreshToken};
use uptrakit_store::{
    epoch,
    oauth::{access_tokens, grants, refresh_tokens},
};

use super::applications::Application;
use crate::{
    auth::{context::RequestContext, digest::Digest},
    domain::{
        audit::{self, Event},
        commit_and_bump_epoch,
        state::Core,
    },
    error::Error,
};

/// Revokes a token of the application. A token that is unknown, of another application or revoked already is no error
/// (RFC 7009, section 2.2).
pub async fn revoke(
    core: &Core,
    context: &RequestContext,
    application: &Application,
    token: &str,
) -> Result<(), Error> {
    if let Ok(token) = RefreshToken::parse(token) {
        let digest = Digest::of(token.expose());
        let found = {
            let mut reader = core.store.read().await?;
            refresh_tokens::find(reader.conn(), &digest).await?
        };
        let Some(row) = found.filter(|row| row.application_id == application.id) else { return Ok(()) };
        return end(core, context, row.account_id, row.grant_id, None).await;
    }
    let Ok(token) = AccessToken::parse(token) else { return Ok(()) };
    let digest = Digest::of(token.expose());
    let found = {
        let mut reader = core.store.read().await?;
        access_tokens::find_owner(reader.conn(), &digest).await?
    };
    let Some(owner) = found.filter(|owner| owner.application_id == application.id) else { return Ok(()) };
    end(core, context, owner.account_id, owner.grant_id, Some(digest)).await
}

/// Revokes an access token, or the whole grant where `access_token` is `None`.
async fn end(
    core: &Core,
    context: &RequestContext,
    account_id: AccountId,
    grant_id: GrantId,
    access_token: Option<Digest>,
) -> Result<(), Error> {
    let mut tx = core.store.begin().await?;
    epoch::lock_account(&mut tx, account_id).await?;
    let now = core.clock.now();
    let (is_news, action) = match access_token {
        Some(digest) => (access_tokens::revoke(&mut tx, &digest, now).await?, AuditAction::AccessTokenRevoke),
        None => (grants::revoke(&mut tx, account_id, grant_id, account_id, now).await?, AuditAction::GrantRevoke),
    };
    if !is_news {
        return Ok(());
    }
    let event = Event { actor: Some(account_id), target: Some(grant_id.into()), ..Event::of(action) };
    audit::record(core, &mut tx, Some(context), event).await?;
    commit_and_bump_epoch(core, tx, account_id).await
}
