//! Lists and ends the web sessions of an account.

use uptrakit_api::{Session, SessionId, Timestamp};
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
    let now = core.clock.now().0;
    let current = actor.session().map(|session| session.id);
    let mut reader = core.store.read().await?;
    let account_id = actor.account_id().0;
    let rows =
        sessions::list(reader.conn(), account_id, now - SESSION_LIFETIME_MILLIS, now - SESSION_IDLE_MILLIS).await?;
    let public = |row: sessions::SessionRow| Session {
        id: SessionId(row.id),
        device: row.device,
        address: row.address,
        created_at: Timestamp(row.created_at.min(now)),
        last_active_at: Timestamp(row.last_active_at.min(now)),
        expires_at: Timestamp(row.created_at.min(now)).plus_millis(SESSION_LIFETIME_MILLIS),
        current: Some(SessionId(row.id)) == current,
    };
    Ok(rows.into_iter().map(public).collect())
}

pub async fn end(core: &Core, actor: &Authorized<WebSession>, id: SessionId) -> Result<(), Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::OwnAccount).await?;
    if !sessions::delete(&mut tx, actor.account_id().0, id.0).await? {
        return Err(Error::NotFound);
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, "session.end", id.0)).await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await
}

pub async fn end_others(core: &Core, actor: &Authorized<WebSession>) -> Result<u64, Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::OwnAccount).await?;
    let kept = actor.session().map(|session| session.id.0).unwrap_or_default();
    let ended = sessions::delete_others(&mut tx, actor.account_id().0, kept).await?;
    if ended > 0 {
        audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, "session.end-others", None)).await?;
        commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    }
    Ok(ended)
}
