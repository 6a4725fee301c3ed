//! The settings of every Postgres session, whatever the role, the database or the server have set.

use std::time::Duration;

use sqlx::{PgConnection, Row as _};

use super::timeout::{STATEMENT_TIMEOUT, with_timeout};

/// The timeouts that Postgres itself enforces. Zero means none.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    statement: Duration,
    lock: Duration,
    abandoned_transaction: Duration,
}

/// Timeouts for requests. A statement that takes longer is part of an outage, and its request has been answered with
/// 503 by then. A server that vanishes in a transaction leaves its locks behind, and Postgres must release them before
/// other transactions give up.
pub(super) const OF_REQUESTS: Limits =
    Limits { statement: STATEMENT_TIMEOUT, lock: STATEMENT_TIMEOUT, abandoned_transaction: Duration::from_secs(3) };

const LOCK_OF_MIGRATIONS: Duration = Duration::from_secs(2);

/// Timeouts for the checks before a start. Postgres must be the first to give up on a lock: its refusal says what was
/// locked and leaves the connection usable, and a timeout of our own does neither.
pub(super) const OF_CHECKS: Limits = Limits { lock: LOCK_OF_MIGRATIONS, ..OF_REQUESTS };

/// Timeouts for migrations, which may take long. While a migration waits for a lock, the statements of servers wait
/// behind it, so that it must give up before they do.
pub(super) const OF_MIGRATIONS: Limits =
    Limits { statement: Duration::ZERO, lock: LOCK_OF_MIGRATIONS, abandoned_transaction: Duration::from_mins(1) };

/// Sets a session up, and refuses a server that takes no writes: it may be a replica that is behind, and a revoked
/// token could pass.
///
/// The settings are made by a statement and not by startup parameters, because poolers refuse or drop those.
pub(super) async fn prepare(conn: &mut PgConnection, limits: Limits) -> sqlx::Result<()> {
    // An acknowledged revoke must be on disk, here and on the synchronous standbys. `remote_apply` guarantees more than
    // `on`, and is kept.
    let sql = format!(
        "SELECT set_config('statement_timeout', '{}', false), set_config('lock_timeout', '{}', false), \
         set_config('idle_in_transaction_session_timeout', '{}', false), \
         set_config('default_transaction_isolation', 'read committed', false), \
         set_config('standard_conforming_strings', 'on', false), set_config('client_min_messages', 'error', false), \
         set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
         WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false), \
         current_setting('transaction_read_only') AS read_only",
        limits.statement.as_millis(),
        limits.lock.as_millis(),
        limits.abandoned_transaction.as_millis()
    );
    let row = with_timeout(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_one(conn)).await?;
    if row.try_get::<String, _>("read_only")? == "on" {
        return Err(replica());
    }
    Ok(())
}

pub(super) fn replica() -> sqlx::Error {
    sqlx::Error::Configuration(
        "this server takes no writes: it may be a replica, or default_transaction_read_only is on; name the primary's \
         address"
            .into(),
    )
}
