//! The epoch: a single row that every change of power moves in its own transaction, and the log of which account each
//! move was about. The row's lock puts moves in the order of their commits, which a sequence would not.

use sqlx::Result;
use uuid::Uuid;

use super::{Conn, Transaction, lock_account, notify, on};

/// Reads the epoch.
pub async fn get_epoch(conn: Conn<'_>) -> Result<i64> {
    on!(conn, |c| sqlx::query_scalar("SELECT epoch FROM power_epoch").fetch_one(c).await)
}

/// The accounts that moves after `epoch` were about, one row a move, at most `limit`.
pub async fn list_changes_after(conn: Conn<'_>, epoch: i64, limit: i64) -> Result<Vec<(i64, Uuid)>> {
    on!(conn, |c| {
        sqlx::query_as("SELECT epoch, account_id FROM power_changes WHERE epoch > $1 ORDER BY epoch LIMIT $2")
            .bind(epoch)
            .bind(limit)
            .fetch_all(c)
            .await
    })
}

/// Takes an account's row, to change what it or its credentials may do, or to write under a credential of it. First
/// thing in the transaction.
pub async fn hold_account(tx: &mut Transaction, account_id: Uuid) -> Result<()> {
    lock_account(tx.conn(), account_id).await
}

/// Moves the epoch: from this transaction's commit on, nothing that was read of the account before counts.
/// Last thing in the transaction, for everybody waits for this row.
pub async fn move_epoch(tx: &mut Transaction, account_id: Uuid, now: i64) -> Result<()> {
    let epoch: i64 = on!(tx.conn(), |c| {
        sqlx::query_scalar("UPDATE power_epoch SET epoch = epoch + 1 RETURNING epoch").fetch_one(c).await
    })?;
    on!(tx.conn(), |c| {
        sqlx::query("INSERT INTO power_changes (epoch, account_id, at) VALUES ($1, $2, $3)")
            .bind(epoch)
            .bind(account_id)
            .bind(now)
            .execute(c)
            .await
            .map(drop)
    })?;
    notify(tx.conn()).await
}

/// Forgets moves from before an instant; who is further behind drops everything instead.
pub async fn delete_changes_before(tx: &mut Transaction, at: i64) -> Result<()> {
    on!(tx.conn(), |c| sqlx::query("DELETE FROM power_changes WHERE at < $1").bind(at).execute(c).await.map(drop))
}
