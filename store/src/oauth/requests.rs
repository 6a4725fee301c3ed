//! SQL for requests of the authorization endpoint, which wait for the answer of a person.

use sqlx::FromRow;
use uptrakit_api::{AccountId, ApplicationId, Timestamp};

use crate::{Conn, Digest, Result, Transaction, on};

#[derive(Clone, Debug, FromRow)]
pub struct RequestRow {
    pub digest: Digest,
    pub application_id: ApplicationId,
    pub redirect_uri: String,
    /// Value that the application gets back with the answer, byte for byte.
    pub state: Option<String>,
    /// Challenge of PKCE (S256), in base64url.
    pub code_challenge: String,
    pub permissions: String,
    pub audience: String,
    /// Name that the command line proposes for its API token.
    pub token_name: Option<String>,
    pub expires_at: Timestamp,
    /// Account that opened the request first; no other one can answer it.
    pub account_id: Option<AccountId>,
    pub answered_at: Option<Timestamp>,
}

pub async fn insert(tx: &mut Transaction, row: &RequestRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO oauth_requests (digest, application_id, redirect_uri, state, code_challenge, permissions, \
             audience, token_name, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(row.digest)
        .bind(row.application_id)
        .bind(row.redirect_uri.as_str())
        .bind(row.state.as_deref())
        .bind(row.code_challenge.as_str())
        .bind(row.permissions.as_str())
        .bind(row.audience.as_str())
        .bind(row.token_name.as_deref())
        .bind(row.expires_at)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn find(conn: Conn<'_>, digest: &Digest) -> Result<Option<RequestRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT digest, application_id, redirect_uri, state, code_challenge, permissions, audience, token_name, \
             expires_at, account_id, answered_at FROM oauth_requests WHERE digest = $1",
        )
        .bind(digest)
        .fetch_optional(c)
        .await
    })
}

/// Binds a request to an account, unless it is bound already.
pub async fn bind(tx: &mut Transaction, digest: &Digest, account_id: AccountId) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_requests SET account_id = $2 WHERE digest = $1 AND account_id IS NULL")
            .bind(digest)
            .bind(account_id)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Records the answer. Returns false when the request was answered before.
pub async fn answer(tx: &mut Transaction, digest: &Digest, now: Timestamp) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_requests SET answered_at = $2 WHERE digest = $1 AND answered_at IS NULL")
            .bind(digest)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

pub async fn delete_expired(tx: &mut Transaction, before: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_requests WHERE expires_at < $1")
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Deletes those that end after an instant.
pub async fn delete_future(tx: &mut Transaction, after: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_requests WHERE expires_at > $1").bind(after).execute(c).await.map(drop)
    })
}
