//! The row of an account, which orders what is done under it.

use super::{Conn, with_timeout};

/// Takes an account's row for the rest of the transaction: who changes what an account or its credentials may do, and
/// who writes under a credential, so that the two are ordered. SQLite orders all writers by itself.
///
/// Nobody shares the row: Postgres lets those who share go past one who waits to have it alone, and a stolen token that
/// writes without a pause would keep its own revoke waiting for ever.
pub(super) async fn lock_account_row(conn: Conn<'_>, id: uuid::Uuid) -> crate::Result<()> {
    const LOCK: &str = "SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(c) => Ok(with_timeout(sqlx::query(LOCK).bind(id).fetch_optional(c)).await.map(drop)?),
    }
}
