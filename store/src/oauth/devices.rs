//! SQL for requests of devices, which are found by two secrets: the code that a person types, and the one that the
//! device keeps to itself.

use sqlx::FromRow;
use uptrakit_api::{AccountId, ApplicationId, Timestamp};

use crate::{Conn, Digest, Result, Transaction, on};

#[derive(Clone, Debug, FromRow)]
pub struct DeviceRow {
    pub digest: Digest,
    pub user_code_digest: Digest,
    pub application_id: ApplicationId,
    pub permissions: String,
    pub audience: String,
    pub token_name: Option<String>,
    pub address: String,
    pub program: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub interval_millis: i64,
    pub polled_at: Option<Timestamp>,
    /// Account that opened the request first; no other one can answer it.
    pub account_id: Option<AccountId>,
    /// Answer: `approved` or `denied`; null while there is none.
    pub outcome: Option<String>,
    /// Permissions that were allowed; null for all permissions of the account.
    pub granted: Option<String>,
    pub used_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT digest, user_code_digest, application_id, permissions, audience, token_name, address, program, \
             created_at, expires_at, interval_millis, polled_at, account_id, outcome, granted, used_at \
             FROM oauth_devices ",
            $rest
        )
    };
}

pub async fn insert(tx: &mut Transaction, row: &DeviceRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO oauth_devices (digest, user_code_digest, application_id, permissions, audience, token_name, \
             address, program, created_at, expires_at, interval_millis) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(row.digest)
        .bind(row.user_code_digest)
        .bind(row.application_id)
        .bind(row.permissions.as_str())
        .bind(row.audience.as_str())
        .bind(row.token_name.as_deref())
        .bind(row.address.as_str())
        .bind(row.program.as_deref())
        .bind(row.created_at)
        .bind(row.expires_at)
        .bind(row.interval_millis)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn find(conn: Conn<'_>, digest: &Digest) -> Result<Option<DeviceRow>> {
    const SQL: &str = select!("WHERE digest = $1");
    on!(conn, |c| sqlx::query_as(SQL).bind(digest).fetch_optional(c).await)
}

pub async fn find_by_user_code(conn: Conn<'_>, digest: &Digest) -> Result<Option<DeviceRow>> {
    const SQL: &str = select!("WHERE user_code_digest = $1");
    on!(conn, |c| sqlx::query_as(SQL).bind(digest).fetch_optional(c).await)
}

/// Binds a request to an account, unless it is bound already.
pub async fn bind(tx: &mut Transaction, digest: &Digest, account_id: AccountId) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_devices SET account_id = $2 WHERE digest = $1 AND account_id IS NULL")
            .bind(digest)
            .bind(account_id)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Records the answer. Returns false when the request was answered before.
pub async fn answer(
    tx: &mut Transaction,
    digest: &Digest,
    outcome: &str,
    granted: Option<&str>,
    token_name: Option<&str>,
) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE oauth_devices SET outcome = $2, granted = $3, token_name = $4 WHERE digest = $1 AND outcome IS NULL",
        )
        .bind(digest)
        .bind(outcome)
        .bind(granted)
        .bind(token_name)
        .execute(c)
        .await
        .map(|done| done.rows_affected() > 0)
    })
}

pub async fn update_polled(tx: &mut Transaction, digest: &Digest, now: Timestamp, interval_millis: i64) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_devices SET polled_at = $2, interval_millis = $3 WHERE digest = $1")
            .bind(digest)
            .bind(now)
            .bind(interval_millis)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Records that tokens were issued. Returns false when that happened before.
pub async fn update_used(tx: &mut Transaction, digest: &Digest, now: Timestamp) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_devices SET used_at = $2 WHERE digest = $1 AND used_at IS NULL")
            .bind(digest)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

pub async fn delete_of(tx: &mut Transaction, account_id: AccountId) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_devices WHERE account_id = $1").bind(account_id).execute(c).await.map(drop)
    })
}

pub async fn delete_expired(tx: &mut Transaction, before: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_devices WHERE expires_at < $1")
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Deletes those that end after an instant.
pub async fn delete_future(tx: &mut Transaction, after: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_devices WHERE expires_at > $1").bind(after).execute(c).await.map(drop)
    })
}
