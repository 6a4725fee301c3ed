//! The lock on the row of an account, which orders the transactions that concern the account.

use super::{Conn, with_timeout};
use uptrakit_api::AccountId;

/// Locks the row of an account until the transaction ends. Transactions that change what the account or its credentials
/// may do take this lock, and so do transactions that write under one of its credentials, so that the two are ordered.
/// SQLite orders all writers by itself.
///
/// The lock is exclusive: Postgres lets transactions that share a lock go past one that waits for exclusive use, so
/// that a stolen token that writes without a pause could delay its own revoke for ever.
pub(super) async fn lock_account_row(conn: Conn<'_>, id: AccountId) -> crate::Result<()> {
    const LOCK: &str = "SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(c) => Ok(with_timeout(sqlx::query(LOCK).bind(id).fetch_optional(c)).await.map(drop)?),
    }
}
