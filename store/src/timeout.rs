//! The timeout of statements on Postgres.

use std::{io, time::Duration};

pub const SILENT: &str = "the database did not answer in time";

/// Timeout of one statement. Postgres gives up on its own side after the same time, if the server still runs.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

pub async fn with_timeout<T>(statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let silent = || io::Error::new(io::ErrorKind::TimedOut, SILENT);
    tokio::time::timeout(STATEMENT_TIMEOUT, statement).await.unwrap_or_else(|_| Err(silent().into()))
}
