//! SQL for one-time codes, stored as digests: for the first run and for invited people.

use crate::Result;
use uptrakit_api::{AccountId, Timestamp};

use super::{Conn, Digest, Transaction, on};

/// Adds a code for an account; `None` stands for the first run.
pub async fn insert(
    tx: &mut Transaction,
    digest: &Digest,
    account_id: Option<AccountId>,
    expires_at: Timestamp,
) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("INSERT INTO invitations (code_digest, account_id, expires_at) VALUES ($1, $2, $3)")
            .bind(digest)
            .bind(account_id)
            .bind(expires_at)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Returns the account that a code is for: `None` when the code is unknown or expired, `Some(None)` when it is for the
/// first run.
pub async fn find(conn: Conn<'_>, digest: &Digest, now: Timestamp) -> Result<Option<Option<AccountId>>> {
    on!(conn, |c| {
        sqlx::query_scalar("SELECT account_id FROM invitations WHERE code_digest = $1 AND expires_at > $2")
            .bind(digest)
            .bind(now)
            .fetch_optional(c)
            .await
    })
}

pub async fn delete_for(tx: &mut Transaction, account_id: Option<AccountId>) -> Result<()> {
    match account_id {
        Some(id) => on!(tx.conn(), |c| {
            sqlx::query("DELETE FROM invitations WHERE account_id = $1").bind(id).execute(c).await.map(drop)
        }),
        None => on!(tx.conn(), |c| {
            sqlx::query("DELETE FROM invitations WHERE account_id IS NULL").execute(c).await.map(drop)
        }),
    }
}

/// Lets codes that end after `horizon` end at `end` instead, because they were made while a clock was wrong.
pub async fn mend_future(tx: &mut Transaction, end: Timestamp, horizon: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE invitations SET expires_at = $1 WHERE expires_at > $2")
            .bind(end)
            .bind(horizon)
            .execute(c)
            .await
            .map(drop)
    })
}

pub async fn delete_expired(tx: &mut Transaction, now: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM invitations WHERE expires_at <= $1")
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}
