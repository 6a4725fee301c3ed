//! SQL for web sessions, which are found by the digest of their cookie.

use sqlx::FromRow;

use crate::Result;
use uptrakit_api::{AccountId, SessionId, Timestamp};

use super::{Conn, Connection, Digest, Transaction, on};

#[derive(Clone, Debug, FromRow)]
pub struct SessionRow {
    pub id: SessionId,
    pub account_id: AccountId,
    pub device: String,
    pub address: String,
    pub created_at: Timestamp,
    pub last_active_at: Timestamp,
}

pub async fn insert(tx: &mut Transaction, row: &SessionRow, digest: &Digest) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO sessions (id, account_id, digest, device, address, created_at, last_active_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(row.id)
        .bind(row.account_id)
        .bind(digest)
        .bind(row.device.as_str())
        .bind(row.address.as_str())
        .bind(row.created_at)
        .bind(row.last_active_at)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn list(
    conn: Conn<'_>,
    account_id: AccountId,
    created_after: Timestamp,
    active_after: Timestamp,
) -> Result<Vec<SessionRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT id, account_id, device, address, created_at, last_active_at FROM sessions \
             WHERE account_id = $1 AND created_at > $2 AND last_active_at > $3 ORDER BY last_active_at DESC, id",
        )
        .bind(account_id)
        .bind(created_after)
        .bind(active_after)
        .fetch_all(c)
        .await
    })
}

pub async fn delete(tx: &mut Transaction, account_id: AccountId, id: SessionId) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM sessions WHERE id = $1 AND account_id = $2")
            .bind(id)
            .bind(account_id)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

pub async fn find_account(conn: Conn<'_>, digest: &Digest) -> Result<Option<AccountId>> {
    on!(conn, |c| {
        sqlx::query_scalar("SELECT account_id FROM sessions WHERE digest = $1").bind(digest).fetch_optional(c).await
    })
}

pub async fn delete_by_digest(tx: &mut Transaction, digest: &Digest) -> Result<Option<AccountId>> {
    on!(tx.conn(), |c| {
        sqlx::query_scalar("DELETE FROM sessions WHERE digest = $1 RETURNING account_id")
            .bind(digest)
            .fetch_optional(c)
            .await
    })
}

/// Ends all sessions of an account except for `kept`, or all of them when that id is nil. Returns their number.
pub async fn delete_others(tx: &mut Transaction, account_id: AccountId, kept: SessionId) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND id <> $2")
            .bind(account_id)
            .bind(kept)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Ends the sessions of an account that are beyond the number `keep`, the longest unused first. Returns true when there
/// were any. Sessions whose last use is later than the horizon go first, because the true time of that use is unknown.
pub async fn delete_beyond(tx: &mut Transaction, account_id: AccountId, keep: i64, horizon: Timestamp) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "DELETE FROM sessions WHERE account_id = $1 AND id NOT IN \
             (SELECT id FROM sessions WHERE account_id = $1 \
             ORDER BY CASE WHEN last_active_at > $3 THEN 0 ELSE last_active_at END DESC, id DESC LIMIT $2)",
        )
        .bind(account_id)
        .bind(keep)
        .bind(horizon)
        .execute(c)
        .await
        .map(|done| done.rows_affected() > 0)
    })
}

/// Sets times of sessions that are later than the horizon to the present, because a wrong clock wrote them; their
/// limits then count from now. Returns the accounts of these sessions.
pub async fn mend_future(tx: &mut Transaction, now: Timestamp, horizon: Timestamp) -> Result<Vec<AccountId>> {
    on!(tx.conn(), |c| {
        sqlx::query_scalar(
            "UPDATE sessions SET created_at = CASE WHEN created_at > $2 THEN $1 ELSE created_at END, \
             last_active_at = CASE WHEN last_active_at > $2 THEN $1 ELSE last_active_at END \
             WHERE created_at > $2 OR last_active_at > $2 RETURNING account_id",
        )
        .bind(now)
        .bind(horizon)
        .fetch_all(c)
        .await
    })
}

pub async fn delete_expired(tx: &mut Transaction, created_before: Timestamp, active_before: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM sessions WHERE created_at <= $1 OR last_active_at <= $2")
            .bind(created_before)
            .bind(active_before)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Records a use of a session. An earlier time replaces a later one only if the later one is after the horizon.
pub async fn update_last_active(
    aside: &mut Connection,
    digest: &Digest,
    at: Timestamp,
    horizon: Timestamp,
) -> Result<()> {
    on!(aside.conn(), |c| {
        sqlx::query(
            "UPDATE sessions SET last_active_at = $2 \
             WHERE digest = $1 AND (last_active_at < $2 OR last_active_at > $3)",
        )
        .bind(digest)
        .bind(at)
        .bind(horizon)
        .execute(c)
        .await
        .map(drop)
    })
}
