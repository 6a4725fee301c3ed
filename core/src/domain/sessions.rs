//! Lists and ends the web sessions of an account.

use uptrakit_api::{AuditAction, Session, SessionId};
use uptrakit_store::sessions;

use super::{
    Affects,
    audit::{self, Event},
    begin_authorized_write, commit_and_bump_epoch,
};
use crate::{
    auth::{
        authorized::{Authorized, WebSession},
        credential::{SESSION_IDLE_MILLIS, SESSION_LIFETIME_MILLIS},
    },
    domain::state::Core,
    error::Error,
};

pub async fn list(core: &Core, actor: &Authorized<WebSession>) -> Result<Vec<Session>, Error> {
    let now = core.clock.now();
    let current = actor.session().map(|session| session.id);
    let mut reader = core.store.read().await?;
    let account_id = actor.account_id();
    let rows = sessions::list(
        reader.conn(),
        account_id,
        now.plus_millis(-SESSION_LIFETIME_MILLIS),
        now.plus_millis(-SESSION_IDLE_MILLIS),
    )
    .await?;
    let public = |row: sessions::SessionRow| Session {
        id: row.id,
        device: row.device,
        address: row.address,
        created_at: row.created_at.min(now),
        last_active_at: row.last_active_at.min(now),
        expires_at: row.created_at.min(now).plus_millis(SESSION_LIFETIME_MILLIS),
        current: Some(row.id) == current,
    };
    Ok(rows.into_iter().map(public).collect())
}

pub async fn end(core: &Core, actor: &Authorized<WebSession>, id: SessionId) -> Result<(), Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    if !sessions::delete(&mut tx, actor.account_id(), id).await? {
        return Err(Error::NotFound);
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::SessionEnd, id)).await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await
}

pub async fn end_others(core: &Core, actor: &Authorized<WebSession>) -> Result<u64, Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let kept = actor.session().map_or(SessionId::NIL, |session| session.id);
    let ended = sessions::delete_others(&mut tx, actor.account_id(), kept).await?;
    if ended > 0 {
        audit::record(
            core,
            &mut tx,
            Some(&actor.context),
            Event { target: None, ..Event::by(actor, AuditAction::SessionEndOthers, actor.account_id()) },
        )
        .await?;
        commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    }
    Ok(ended)
}
