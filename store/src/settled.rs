//! The record of when the server's clock was last believed, in the single row of `readiness`.

use sqlx::FromRow;
use uptrakit_api::Timestamp;

use crate::Result;

use super::{Conn, Transaction, error::require_row, on};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct SettledRow {
    /// Time at which the clock was last believed; null before the first time.
    pub settled_at: Option<Timestamp>,
    /// Time from which on the clock is doubted; null while it is believed.
    pub unsettled_since: Option<Timestamp>,
}

pub async fn get(conn: Conn<'_>) -> Result<SettledRow> {
    on!(conn, |c| sqlx::query_as("SELECT settled_at, unsettled_since FROM readiness").fetch_one(c).await)
}

pub async fn update(tx: &mut Transaction, row: SettledRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE readiness SET settled_at = $1, unsettled_since = $2")
            .bind(row.settled_at)
            .bind(row.unsettled_since)
            .execute(c)
            .await
            .and_then(|done| require_row(done.rows_affected()))
    })
}

pub async fn find_newest_event(conn: Conn<'_>) -> Result<Option<Timestamp>> {
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
