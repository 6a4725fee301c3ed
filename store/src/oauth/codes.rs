//! SQL for authorization codes. A used code stays known for a day, with what was issued for it.

use sqlx::FromRow;
use uptrakit_api::{AccountId, ApplicationId, GrantId, Timestamp, TokenId};

use crate::{Conn, Digest, Result, Transaction, on};

#[derive(Clone, Debug, FromRow)]
pub struct CodeRow {
    pub digest: Digest,
    pub application_id: ApplicationId,
    pub account_id: AccountId,
    pub redirect_uri: String,
    pub code_challenge: String,
    /// Permissions that were allowed; null for all permissions of the account.
    pub permissions: Option<String>,
    pub audience: String,
    pub token_name: Option<String>,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub grant_id: Option<GrantId>,
    pub token_id: Option<TokenId>,
}

pub async fn insert(tx: &mut Transaction, row: &CodeRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO oauth_codes (digest, application_id, account_id, redirect_uri, code_challenge, permissions, \
             audience, token_name, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(row.digest)
        .bind(row.application_id)
        .bind(row.account_id)
        .bind(row.redirect_uri.as_str())
        .bind(row.code_challenge.as_str())
        .bind(row.permissions.as_deref())
        .bind(row.audience.as_str())
        .bind(row.token_name.as_deref())
        .bind(row.expires_at)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn find(conn: Conn<'_>, digest: &Digest) -> Result<Option<CodeRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT digest, application_id, account_id, redirect_uri, code_challenge, permissions, audience, \
             token_name, expires_at, used_at, grant_id, token_id FROM oauth_codes WHERE digest = $1",
        )
        .bind(digest)
        .fetch_optional(c)
        .await
    })
}

pub async fn update_used(
    tx: &mut Transaction,
    digest: &Digest,
    now: Timestamp,
    grant_id: Option<GrantId>,
    token_id: Option<TokenId>,
) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_codes SET used_at = $2, grant_id = $3, token_id = $4 WHERE digest = $1")
            .bind(digest)
            .bind(now)
            .bind(grant_id)
            .bind(token_id)
            .execute(c)
            .await
            .map(drop)
    })
}

pub async fn delete_unused(tx: &mut Transaction, account_id: AccountId) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_codes WHERE account_id = $1 AND used_at IS NULL")
            .bind(account_id)
            .execute(c)
            .await
            .map(drop)
    })
}

pub async fn delete_expired(tx: &mut Transaction, before: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_codes WHERE expires_at < $1")
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Deletes those that end after an instant.
pub async fn delete_future(tx: &mut Transaction, after: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_codes WHERE expires_at > $1").bind(after).execute(c).await.map(drop)
    })
}
