//! Grants: what an account lets an application do. People see them as connected applications, and end them.

use uptrakit_api::{
    AccountId, ApplicationId, AuditAction, ConnectedApplication, GrantId, Page, PageQuery, Permissions, Timestamp,
};
use uptrakit_store::{
    Transaction, accounts,
    oauth::grants::{self, GrantRow},
};

use super::resource::Resource;
use crate::{
    auth::{
        authorized::{Actor, Authorized, TokensWrite, UsersManage},
        credential::{InconsistentRow, Key},
        digest::Digest,
    },
    domain::{
        Affects,
        audit::{self, Event},
        begin_authorized_write, begin_write_with_grant, commit_and_bump_epoch, log_revoke,
        paging::Paging,
        state::Core,
        tokens::Revoked,
    },
    error::Error,
};

pub async fn list<R>(
    core: &Core,
    actor: &Authorized<R>,
    query: &PageQuery,
) -> Result<Page<ConnectedApplication>, Error> {
    list_rows(core, actor.account_id(), query).await
}

/// Returns the name of the application that makes the request, and the instant at which its connection ends unless it is
/// used until then; `None` when another credential makes the request.
pub async fn find_current<R>(core: &Core, actor: &Authorized<R>) -> Result<Option<(String, Timestamp)>, Error> {
    let Some(id) = actor.grant_id() else { return Ok(None) };
    let mut reader = core.store.read().await?;
    Ok(grants::find_name_and_end(reader.conn(), id).await?)
}

pub async fn list_of(
    core: &Core,
    _: &Authorized<UsersManage>,
    account_id: AccountId,
    query: &PageQuery,
) -> Result<Page<ConnectedApplication>, Error> {
    {
        let mut reader = core.store.read().await?;
        accounts::find(reader.conn(), account_id).await?.ok_or(Error::NotFound)?;
    }
    list_rows(core, account_id, query).await
}

async fn list_rows(core: &Core, account_id: AccountId, query: &PageQuery) -> Result<Page<ConnectedApplication>, Error> {
    let paging = Paging::parse(query.page.as_deref(), query.per_page.as_deref())?;
    let now = core.clock.now();
    let mut reader = core.store.read().await?;
    let total = grants::count(reader.conn(), account_id, now).await?;
    let rows = grants::list(reader.conn(), account_id, now, paging.slice()).await?;
    Ok(paging.page(rows.into_iter().map(public).collect::<Result<_, _>>()?, total))
}

fn public(row: GrantRow) -> Result<ConnectedApplication, InconsistentRow> {
    Ok(ConnectedApplication {
        id: row.id,
        name: row.name,
        client_uri: row.client_uri,
        redirect_host: row.redirect_host,
        permissions: row.permissions.parse().map_err(|_| InconsistentRow("permission"))?,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        last_used_ip: row.last_used_ip,
        verified: row.verified,
    })
}

/// Revokes a grant of the actor's account, with all its tokens. Revoking it again succeeds as well.
pub async fn revoke(core: &Core, actor: &Authorized<TokensWrite>, id: GrantId) -> Result<Revoked, Error> {
    let tx = begin_authorized_write(core, actor, Affects::Own).await?;
    revoke_in(core, actor, tx, actor.account_id(), id).await
}

pub async fn revoke_of(
    core: &Core,
    actor: &Authorized<UsersManage>,
    account_id: AccountId,
    id: GrantId,
) -> Result<Revoked, Error> {
    let (tx, grant) = begin_write_with_grant(core, actor, Affects::Account(account_id)).await?;
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    revoke_in(core, actor, tx, account_id, id).await
}

async fn revoke_in(
    core: &Core,
    actor: &Actor,
    mut tx: Transaction,
    account_id: AccountId,
    id: GrantId,
) -> Result<Revoked, Error> {
    let now = core.clock.now();
    if !grants::revoke(&mut tx, account_id, id, actor.account_id(), now).await? {
        // The grant is unknown, or was revoked before.
        let revoked_at = grants::find_revoked_at(tx.conn(), account_id, id).await?.ok_or(Error::NotFound)?;
        return Ok(Revoked { at: revoked_at.unwrap_or(now), cut_off: 0 });
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::GrantRevoke, id)).await?;
    let keys = keys(&mut tx, id).await?;
    // A request that revokes its own grant is not cut off.
    let own = usize::from(actor.grant_id() == Some(id));
    let cut_off = core.verifier.count_in_flight(&keys).saturating_sub(own) as u64;
    commit_and_bump_epoch(core, tx, account_id).await?;
    log_revoke("application disconnected; its tokens are revoked", actor, account_id, None);
    Ok(Revoked { at: core.clock.now(), cut_off })
}

pub(super) async fn keys(tx: &mut Transaction, id: GrantId) -> Result<Vec<Key>, Error> {
    Ok(as_keys(&grants::list_digests(tx.conn(), id).await?))
}

pub(super) async fn keys_of_application(tx: &mut Transaction, id: ApplicationId) -> Result<Vec<Key>, Error> {
    Ok(as_keys(&grants::list_digests_of_application(tx.conn(), id).await?))
}

fn as_keys(digests: &[Digest]) -> Vec<Key> {
    // Only access tokens for `/mcp` have a grant.
    digests.iter().map(|digest| Key::Access(*digest, Resource::Mcp)).collect()
}

/// Returns the permissions of a grant in force that covers what is asked for, of the same application and the same host
/// since an instant.
pub(super) async fn find_covering(
    tx: &mut Transaction,
    account_id: AccountId,
    application_id: ApplicationId,
    redirect_host: &str,
    since: Timestamp,
    now: Timestamp,
    asked: Permissions,
) -> Result<Option<Permissions>, Error> {
    let ids = (account_id, application_id);
    for names in grants::list_permissions(tx.conn(), ids, redirect_host, since, now).await? {
        let granted: Permissions = names.parse().map_err(|_| InconsistentRow("permission"))?;
        if asked.without(granted).is_empty() {
            return Ok(Some(granted));
        }
    }
    Ok(None)
}
