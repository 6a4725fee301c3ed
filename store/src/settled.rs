//! The record of when the server's clock was last believed, in the single row of `readiness`.

use sqlx::FromRow;
use uptrakit_api::Timestamp;

use crate::Result;

use super::{Conn, Transaction, error::require_row, on, with_timeout};

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

/// Returns the present by the clock of the Postgres server; `None` on SQLite, where the clock is this machine's.
pub async fn find_database_clock(conn: Conn<'_>) -> Result<Option<Timestamp>> {
    match conn {
        Conn::Sqlite(_) => Ok(None),
        Conn::Postgres(c) => {
            let now = sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
            Ok(Some(with_timeout(now.fetch_one(c)).await?))
        }
    }
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
