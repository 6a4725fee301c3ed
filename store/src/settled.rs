//! When the server's clock was last believed, in the one row that is there to be written.

use sqlx::FromRow;

use crate::Result;

use super::{Conn, Transaction, on};

/// What is known of the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct SettledRow {
    /// When the clock was last believed; null before the first time.
    pub settled_at: Option<i64>,
    /// Since when it is doubted; null while it is believed.
    pub unsettled_since: Option<i64>,
}

/// What is known of the clock.
pub async fn get(conn: Conn<'_>) -> Result<SettledRow> {
    on!(conn, |c| sqlx::query_as("SELECT settled_at, unsettled_since FROM readiness").fetch_one(c).await)
}

/// Notes it.
pub async fn update(tx: &mut Transaction, row: SettledRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE readiness SET settled_at = $1, unsettled_since = $2")
            .bind(row.settled_at)
            .bind(row.unsettled_since)
            .execute(c)
            .await
            .map(drop)
    })
}

/// The newest instant that the use of the server has left in the database.
pub async fn find_newest_event(conn: Conn<'_>) -> Result<Option<i64>> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT MAX(at) FROM (SELECT MAX(at) AS at FROM audit_events \
             UNION ALL SELECT MAX(last_active_at) FROM sessions UNION ALL SELECT MAX(last_used_at) FROM api_tokens \
             UNION ALL SELECT MAX(last_seen_at) FROM hosts) AS events",
        )
        .fetch_one(c)
        .await
    })
}
