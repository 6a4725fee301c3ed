//! SQL for grants: what an account lets an application do.

use sqlx::FromRow;
use uptrakit_api::{AccountId, ApplicationId, GrantId, Timestamp};

use crate::{Conn, Connection, Digest, PageBounds, Result, Transaction, on};

#[derive(Clone, Debug)]
pub struct NewGrant<'a> {
    pub id: GrantId,
    pub account_id: AccountId,
    pub application_id: ApplicationId,
    /// Host that the answer went to, or the scheme of a program with its colon; null for a device.
    pub redirect_host: Option<&'a str>,
    pub permissions: &'a str,
    pub audience: &'a str,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, FromRow)]
pub struct GrantRow {
    pub id: GrantId,
    pub redirect_host: Option<String>,
    pub permissions: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    pub name: String,
    pub client_uri: Option<String>,
    pub verified: bool,
}

pub async fn insert(tx: &mut Transaction, grant: &NewGrant<'_>) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO oauth_grants (id, account_id, application_id, redirect_host, permissions, audience, \
             created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(grant.id)
        .bind(grant.account_id)
        .bind(grant.application_id)
        .bind(grant.redirect_host)
        .bind(grant.permissions)
        .bind(grant.audience)
        .bind(grant.created_at)
        .bind(grant.expires_at)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn count(conn: Conn<'_>, account_id: AccountId, now: Timestamp) -> Result<i64> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM oauth_grants WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2",
        )
        .bind(account_id)
        .bind(now)
        .fetch_one(c)
        .await
    })
}

/// Returns the grants of an account that are in force, newest first.
pub async fn list(conn: Conn<'_>, account_id: AccountId, now: Timestamp, slice: PageBounds) -> Result<Vec<GrantRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT g.id, g.redirect_host, g.permissions, g.created_at, g.last_used_at, g.last_used_ip, p.name, \
             p.client_uri, p.verified FROM oauth_grants g JOIN oauth_applications p ON p.id = g.application_id \
             WHERE g.account_id = $1 AND g.revoked_at IS NULL AND g.expires_at > $2 \
             ORDER BY g.created_at DESC, g.id DESC LIMIT $3 OFFSET $4",
        )
        .bind(account_id)
        .bind(now)
        .bind(slice.limit)
        .bind(slice.offset)
        .fetch_all(c)
        .await
    })
}

/// Returns the permissions of the grants in force that an account has given to an application for one host since an
/// instant, newest first.
pub async fn list_permissions(
    conn: Conn<'_>,
    (account_id, application_id): (AccountId, ApplicationId),
    redirect_host: &str,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<String>> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT permissions FROM oauth_grants WHERE account_id = $1 AND application_id = $2 \
             AND redirect_host = $3 AND created_at >= $4 AND revoked_at IS NULL AND expires_at > $5 \
             ORDER BY created_at DESC, id DESC",
        )
        .bind(account_id)
        .bind(application_id)
        .bind(redirect_host)
        .bind(since)
        .bind(now)
        .fetch_all(c)
        .await
    })
}

/// Returns the time at which a grant of an account was revoked, or `None` inside while it is in force; `None` outside
/// when the account has no such grant.
pub async fn find_revoked_at(conn: Conn<'_>, account_id: AccountId, id: GrantId) -> Result<Option<Option<Timestamp>>> {
    on!(conn, |c| {
        sqlx::query_scalar("SELECT revoked_at FROM oauth_grants WHERE id = $1 AND account_id = $2")
            .bind(id)
            .bind(account_id)
            .fetch_optional(c)
            .await
    })
}

pub async fn find_name_and_end(conn: Conn<'_>, id: GrantId) -> Result<Option<(String, Timestamp)>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT p.name, g.expires_at FROM oauth_grants g JOIN oauth_applications p ON p.id = g.application_id \
             WHERE g.id = $1",
        )
        .bind(id)
        .fetch_optional(c)
        .await
    })
}

/// Revokes a grant of an account. Returns false when it is unknown, or was revoked before.
pub async fn revoke(
    tx: &mut Transaction,
    account_id: AccountId,
    id: GrantId,
    by: AccountId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE oauth_grants SET revoked_at = $4, revoked_by = $3 \
             WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL",
        )
        .bind(id)
        .bind(account_id)
        .bind(by)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected() > 0)
    })
}

/// Revokes every grant of an account, on behalf of its owner, and returns how many of them were in force until now.
pub async fn revoke_all(tx: &mut Transaction, account_id: AccountId, now: Timestamp) -> Result<u64> {
    let ends: Vec<Timestamp> = on!(tx.conn(), |c| {
        sqlx::query_scalar(
            "UPDATE oauth_grants SET revoked_at = $2, revoked_by = $1 WHERE account_id = $1 AND revoked_at IS NULL \
             RETURNING expires_at",
        )
        .bind(account_id)
        .bind(now)
        .fetch_all(c)
        .await
    })?;
    Ok(ends.iter().filter(|end| **end > now).count() as u64)
}

pub async fn list_accounts(conn: Conn<'_>, application_id: ApplicationId) -> Result<Vec<AccountId>> {
    on!(conn, |c| {
        sqlx::query_scalar("SELECT DISTINCT account_id FROM oauth_grants WHERE application_id = $1 ORDER BY account_id")
            .bind(application_id)
            .fetch_all(c)
            .await
    })
}

pub async fn list_digests(conn: Conn<'_>, id: GrantId) -> Result<Vec<Digest>> {
    on!(conn, |c| {
        sqlx::query_scalar("SELECT digest FROM oauth_access_tokens WHERE grant_id = $1").bind(id).fetch_all(c).await
    })
}

pub async fn list_digests_of_application(conn: Conn<'_>, application_id: ApplicationId) -> Result<Vec<Digest>> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT x.digest FROM oauth_access_tokens x JOIN oauth_grants g ON g.id = x.grant_id \
             WHERE g.application_id = $1",
        )
        .bind(application_id)
        .fetch_all(c)
        .await
    })
}

pub async fn update_renewed(
    tx: &mut Transaction,
    id: GrantId,
    expires_at: Timestamp,
    now: Timestamp,
    ip: &str,
) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_grants SET expires_at = $2, last_used_at = $3, last_used_ip = $4 WHERE id = $1")
            .bind(id)
            .bind(expires_at)
            .bind(now)
            .bind(ip)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Records a use of an access token. An earlier time replaces a later one only if the later one is after the horizon.
pub async fn update_last_used(
    aside: &mut Connection,
    id: GrantId,
    at: Timestamp,
    ip: &str,
    horizon: Timestamp,
) -> Result<()> {
    on!(aside.conn(), |c| {
        sqlx::query(
            "UPDATE oauth_grants SET last_used_at = $2, last_used_ip = $3 \
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2 OR last_used_at > $4)",
        )
        .bind(id)
        .bind(at)
        .bind(ip)
        .bind(horizon)
        .execute(c)
        .await
        .map(drop)
    })
}

/// Deletes grants that were revoked or ended before an instant, with their tokens.
pub async fn delete_over_before(tx: &mut Transaction, at: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_grants WHERE revoked_at < $1 OR expires_at < $1")
            .bind(at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Returns the ids of the grants of an application that are in force.
pub async fn list_of_application(conn: Conn<'_>, id: ApplicationId, now: Timestamp) -> Result<Vec<GrantId>> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT id FROM oauth_grants WHERE application_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY id",
        )
        .bind(id)
        .bind(now)
        .fetch_all(c)
        .await
    })
}

/// Revokes the grants that begin after `latest_start` or end after `latest_end`. Returns their accounts.
pub async fn revoke_future(
    tx: &mut Transaction,
    now: Timestamp,
    latest_start: Timestamp,
    latest_end: Timestamp,
) -> Result<Vec<(GrantId, AccountId)>> {
    on!(tx.conn(), |c| {
        sqlx::query_as(
            "UPDATE oauth_grants SET revoked_at = $1 WHERE revoked_at IS NULL AND (created_at > $2 OR expires_at > $3) \
             RETURNING id, account_id",
        )
        .bind(now)
        .bind(latest_start)
        .bind(latest_end)
        .fetch_all(c)
        .await
    })
}
