//! SQL for access tokens. The verifier reads them with [`crate::credentials::list_access_tokens`].

use sqlx::FromRow;
use uptrakit_api::{AccountId, ApplicationId, GrantId, Timestamp};

use crate::{Conn, Digest, Result, Transaction, on};

#[derive(Clone, Copy, Debug, FromRow)]
pub struct OwnerRow {
    pub grant_id: GrantId,
    pub account_id: AccountId,
    pub application_id: ApplicationId,
}

/// Adds an access token. `permissions` is null for all permissions of the grant.
pub async fn insert(
    tx: &mut Transaction,
    digest: &Digest,
    grant_id: GrantId,
    permissions: Option<&str>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO oauth_access_tokens (digest, grant_id, permissions, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(digest)
        .bind(grant_id)
        .bind(permissions)
        .bind(now)
        .bind(expires_at)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn find_owner(conn: Conn<'_>, digest: &Digest) -> Result<Option<OwnerRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT x.grant_id, g.account_id, g.application_id FROM oauth_access_tokens x \
             JOIN oauth_grants g ON g.id = x.grant_id WHERE x.digest = $1",
        )
        .bind(digest)
        .fetch_optional(c)
        .await
    })
}

/// Revokes an access token. Returns false when it is unknown, or was revoked before.
pub async fn revoke(tx: &mut Transaction, digest: &Digest, now: Timestamp) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_access_tokens SET revoked_at = $2 WHERE digest = $1 AND revoked_at IS NULL")
            .bind(digest)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

pub async fn delete_expired(tx: &mut Transaction, before: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_access_tokens WHERE expires_at < $1")
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Deletes those that end after an instant.
pub async fn delete_future(tx: &mut Transaction, after: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_access_tokens WHERE expires_at > $1").bind(after).execute(c).await.map(drop)
    })
}
