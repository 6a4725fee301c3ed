//! Gives a token a new secret, and ends the overlap in which the old one is accepted too.

use uptrakit_api::{AuditAction, CreatedToken, RotateToken, Secret, Timestamp, TokenId, TokenSecret};
use uptrakit_store::{Transaction, tokens};

use super::{
    limits::Limits,
    row::{get_active, public_in},
};
use crate::{
    auth::{
        authorized::{Authorized, TokenRotation, TokensWrite},
        digest::Digest,
    },
    clock::{fill_random, horizon},
    domain::{
        Affects,
        audit::{self, Event},
        begin_authorized_write, begin_write_with_grant, commit_and_bump_epoch, log_revoke,
    },
    error::Error,
    state::Core,
};

const LONGEST_OVERLAP_SECONDS: u32 = 604_800;

/// Gives a token a new secret. The old one is accepted until the overlap ends; without an overlap it is rejected from
/// this commit on.
pub async fn rotate(
    core: &Core,
    actor: &Authorized<TokenRotation>,
    id: TokenId,
    request: &RotateToken,
) -> Result<CreatedToken, Error> {
    if request.overlap_seconds > LONGEST_OVERLAP_SECONDS {
        return Err(Error::field("overlap_seconds", format!("must be at most {LONGEST_OVERLAP_SECONDS} (7 days)")));
    }
    // Of two concurrent rotations the second one is rejected: it finds that the secret was replaced after this read,
    // which comes before the transaction, or after its request arrived.
    let seen = {
        let mut reader = core.store.read().await?;
        let found = tokens::find(reader.conn(), actor.account_id(), id, core.clock.now()).await?;
        let Some(found) = found else {
            actor.entry.credential.refuse_replaced().map_err(Error::Rejected)?;
            return Err(Error::NotFound);
        };
        found.rotations
    };
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let now = core.clock.now();
    let row = get_active(&mut tx, actor, id, now).await?;
    let created_at = row.secret_created_at.filter(|created_at| *created_at <= horizon(now));
    let is_newer = row.rotations > 0 && created_at.is_some_and(|created_at| created_at > actor.context.arrived);
    if is_newer || !tokens::count_rotation(&mut tx, id, seen).await? {
        return Err(Error::Conflict("Somebody else rotated this token at the same time."));
    }
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    Limits::of(&grant).admit(&Limits::of_row(&row)?)?;
    let overlap = i64::from(request.overlap_seconds) * 1_000;
    let overlap_ends_at = now.plus_millis(overlap).min(row.expires_at.unwrap_or(Timestamp::MAX));
    let ends_at = if overlap == 0 { tokens::ENDED } else { overlap_ends_at };
    tokens::end_secrets(&mut tx, id, ends_at).await?;
    let secret = issue_secret(&mut tx, id, now).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenRotate, id)).await?;
    let fields = public_in(&mut tx, actor, id, now).await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    let what = if overlap == 0 { "token rotated; the old secret is revoked" } else { "token rotated" };
    log_revoke(what, actor, actor.account_id(), Some(id));
    Ok(CreatedToken { fields, secret })
}

/// Ends the overlap of a rotation: the old secret is rejected from this commit on. Without an overlap this does
/// nothing.
pub async fn end_overlap(core: &Core, actor: &Authorized<TokensWrite>, id: TokenId) -> Result<(), Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let now = core.clock.now();
    tokens::find(tx.conn(), actor.account_id(), id, now).await?.ok_or(Error::NotFound)?;
    if !tokens::end_overlap(&mut tx, id).await? {
        return Ok(());
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenEndOverlap, id))
        .await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    log_revoke("overlap of a token's rotation ended; the old secret is revoked", actor, actor.account_id(), Some(id));
    Ok(())
}

pub(in crate::domain) async fn issue_secret(
    tx: &mut Transaction,
    id: TokenId,
    now: Timestamp,
) -> Result<Secret, Error> {
    let secret = TokenSecret::mint(fill_random);
    tokens::insert_secret(tx, id, &Digest::of(secret.expose()), &secret.hint(), now).await?;
    Ok(Secret(secret.expose().to_owned()))
}
