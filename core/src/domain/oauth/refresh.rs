//! Refresh tokens (OAuth 2.1, section 4.3): each use gives a successor. An application that lost an answer, or that
//! refreshes at two places at once, gets the same successor; a token that is used after its successor was, is stolen,
//! and ends its grant.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uptrakit_api::{AuditAction, Permissions, RefreshToken, Secret};
use uptrakit_store::{
    Transaction, epoch,
    oauth::{
        applications, grants,
        refresh_tokens::{self, RefreshRow},
    },
};

use super::{
    applications::{Application, parse_resource},
    error::{OAuthError, inconsistent},
    issue::{Issued, grant_end, insert_refresh_token, issue_access_token},
    lifetimes::IDLE_MILLIS,
    resource::Resource,
};
use crate::{
    auth::{context::RequestContext, digest::Digest},
    clock::{horizon, is_over},
    domain::{
        audit::{self, Event},
        commit_and_bump_epoch, commit_new_credential,
        state::Core,
    },
    error::Error,
};

/// Within this time, and while the successor is unused, a used token gives the same successor again.
const RETRY_MILLIS: i64 = 30_000;

#[derive(Debug)]
pub struct RefreshRequest<'r> {
    pub refresh_token: &'r str,
    /// The permissions that the new access token is narrowed to; `None` for all of the grant.
    pub scope: Option<Permissions>,
    /// `None` when the application names none: the grant has one.
    pub resource: Option<Resource>,
}

const UNKNOWN: OAuthError =
    OAuthError::invalid_grant("The refresh token is unknown, has expired, was revoked or was used before.");

pub async fn refresh(
    core: &Core,
    context: &RequestContext,
    application: &Application,
    request: &RefreshRequest<'_>,
) -> Result<Issued, OAuthError> {
    let presented = RefreshToken::parse(request.refresh_token).map_err(|_| UNKNOWN)?;
    let digest = Digest::of(presented.expose());
    let owner = {
        let mut reader = core.store.read().await?;
        refresh_tokens::find(reader.conn(), &digest).await?.ok_or(UNKNOWN)?.account_id
    };
    let mut tx = core.store.begin().await?;
    // Two uses at once wait for each other here.
    epoch::lock_account(&mut tx, owner).await?;
    let row = refresh_tokens::find(tx.conn(), &digest).await?.ok_or(UNKNOWN)?;
    let now = core.clock.now();
    let is_over = is_over(row.grant_expires_at, IDLE_MILLIS, now) || row.grant_created_at > horizon(now);
    if row.application_id != application.id || row.grant_revoked_at.is_some() || is_over {
        return Err(UNKNOWN);
    }
    let successor = successor(&presented, &row.salt);
    let successor_digest = Digest::of(successor.expose());
    if let Some(used_at) = row.used_at {
        let next = refresh_tokens::find(tx.conn(), &successor_digest).await?;
        let is_unused = next.is_some_and(|next| next.used_at.is_none());
        let is_recent = now.millis_since(used_at) <= RETRY_MILLIS && used_at <= horizon(now);
        if !(is_unused && is_recent) {
            end_replayed(core, tx, context, &row).await?;
            return Err(UNKNOWN);
        }
    }
    if !row.account_active {
        return Err(OAuthError::invalid_grant("The account is deactivated."));
    }
    let (permissions, narrowed) = check(request, &row)?;
    let grant_id = row.grant_id;
    let created_at = row.grant_created_at;
    if row.used_at.is_none() {
        refresh_tokens::update_used(&mut tx, &digest, now).await?;
        insert_refresh_token(&mut tx, grant_id, &successor, now).await?;
    }
    let issued = issue_access_token(&mut tx, grant_id, permissions, narrowed, created_at, now).await?;
    let end = grant_end(created_at, now);
    grants::update_renewed(&mut tx, grant_id, end, now, &context.address.to_string()).await?;
    applications::update_last_used(&mut tx, application.id, now).await?;
    commit_new_credential(core, tx).await?;
    Ok(Issued { refresh_token: Some(Secret(successor.expose().to_owned())), ..issued })
}

/// Returns the permissions of the grant, and those that the access token is narrowed to.
fn check(request: &RefreshRequest<'_>, row: &RefreshRow) -> Result<(Permissions, Option<Permissions>), OAuthError> {
    let resource = parse_resource(&row.audience)?;
    if request.resource.is_some_and(|asked| asked != resource) {
        return Err(OAuthError::refuse("invalid_target", "The refresh token was issued for another resource."));
    }
    let granted: Permissions = row.permissions.parse().map_err(|_| inconsistent("permission"))?;
    match request.scope {
        Some(asked) if !asked.without(granted).is_empty() => {
            Err(OAuthError::refuse("invalid_scope", "The scope is wider than what was granted."))
        }
        Some(asked) if asked != granted => Ok((granted, Some(asked))),
        _ => Ok((granted, None)),
    }
}

/// Derives the successor of a token, so that it can be given twice though only digests are kept. The salt is no secret
/// that gives anything away without the presented token, which no database holds.
fn successor(presented: &RefreshToken, salt: &[u8]) -> RefreshToken {
    let mut block = 0_u32;
    RefreshToken::mint(|bytes| {
        for chunk in bytes.chunks_mut(32) {
            let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes keys of every length");
            mac.update(presented.expose().as_bytes());
            mac.update(&block.to_be_bytes());
            chunk.copy_from_slice(&mac.finalize().into_bytes()[..chunk.len()]);
            block += 1;
        }
    })
}

/// Revokes the grant of a refresh token that was used again: either this use or the one before is a thief's.
async fn end_replayed(
    core: &Core,
    mut tx: Transaction,
    context: &RequestContext,
    row: &RefreshRow,
) -> Result<(), Error> {
    let account_id = row.account_id;
    grants::revoke(&mut tx, row.account_id, row.grant_id, row.account_id, core.clock.now()).await?;
    let event = Event {
        actor: Some(account_id),
        target: Some(row.grant_id.into()),
        refused: true,
        ..Event::of(AuditAction::GrantReplayed)
    };
    audit::record(core, &mut tx, Some(context), event).await?;
    commit_and_bump_epoch(core, tx, account_id).await?;
    let (grant_id, address, request_id) = (row.grant_id, context.address, &context.request_id);
    let trace_id = context.trace_field();
    tracing::warn!(%account_id, %grant_id, %address, %request_id, trace_id, "a refresh token was used again; its grant is revoked");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::successor;
    use crate::clock::fill_random;
    use uptrakit_api::RefreshToken;

    #[test]
    fn a_successor_is_the_same_each_time_and_another_with_another_salt_or_token() {
        let (one, other) = (RefreshToken::mint(fill_random), RefreshToken::mint(fill_random));
        let next = successor(&one, &[1; 32]);
        assert!(RefreshToken::parse(next.expose()).is_ok());
        assert_eq!(next.expose(), successor(&one, &[1; 32]).expose());
        assert_ne!(next.expose(), successor(&one, &[2; 32]).expose());
        assert_ne!(next.expose(), successor(&other, &[1; 32]).expose());
    }
}
