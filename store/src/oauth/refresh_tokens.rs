//! SQL for refresh tokens. Used ones stay as long as their grant is in force, so that a stolen one is recognised.

use sqlx::FromRow;
use uptrakit_api::{AccountId, ApplicationId, GrantId, Timestamp};

use crate::{Conn, Digest, Result, Transaction, on};

#[derive(Clone, Debug, FromRow)]
pub struct RefreshRow {
    pub salt: Vec<u8>,
    /// Time at which the successor was given for the first time.
    pub used_at: Option<Timestamp>,
    pub grant_id: GrantId,
    pub account_id: AccountId,
    pub application_id: ApplicationId,
    pub permissions: String,
    pub audience: String,
    pub grant_created_at: Timestamp,
    pub grant_expires_at: Timestamp,
    pub grant_revoked_at: Option<Timestamp>,
    pub account_active: bool,
}

pub async fn insert(
    tx: &mut Transaction,
    digest: &Digest,
    grant_id: GrantId,
    salt: &[u8],
    now: Timestamp,
) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("INSERT INTO oauth_refresh_tokens (digest, grant_id, salt, created_at) VALUES ($1, $2, $3, $4)")
            .bind(digest)
            .bind(grant_id)
            .bind(salt)
            .bind(now)
            .execute(c)
            .await
            .map(drop)
    })
}

pub async fn find(conn: Conn<'_>, digest: &Digest) -> Result<Option<RefreshRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT r.salt, r.used_at, g.id AS grant_id, g.account_id, g.application_id, g.permissions, g.audience, \
             g.created_at AS grant_created_at, g.expires_at AS grant_expires_at, g.revoked_at AS grant_revoked_at, \
             a.active AS account_active FROM oauth_refresh_tokens r \
             JOIN oauth_grants g ON g.id = r.grant_id JOIN accounts a ON a.id = g.account_id WHERE r.digest = $1",
        )
        .bind(digest)
        .fetch_optional(c)
        .await
    })
}

pub async fn update_used(tx: &mut Transaction, digest: &Digest, now: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_refresh_tokens SET used_at = $2 WHERE digest = $1")
            .bind(digest)
            .bind(now)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Deletes the tokens of grants that were revoked or ended before an instant.
pub async fn delete_over_before(tx: &mut Transaction, at: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "DELETE FROM oauth_refresh_tokens \
             WHERE grant_id IN (SELECT id FROM oauth_grants WHERE revoked_at < $1 OR expires_at < $1)",
        )
        .bind(at)
        .execute(c)
        .await
        .map(drop)
    })
}
