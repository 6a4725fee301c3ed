//! A Postgres connection that is leased from the pool, with a timeout for each statement. A database that is gone
//! without closing its connections never answers: without timeouts here, requests would wait for hours, and their
//! connections would keep their places in the pool for as long.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::sync::Semaphore;

use super::{
    session,
    timeout::{STATEMENT_TIMEOUT, with_timeout},
};

const REASON_TIMEOUT: Duration = Duration::from_millis(500);

/// A leased connection. Dropping it rolls back a transaction that was not committed.
pub struct PgLease {
    conn: Option<PoolConnection<Postgres>>,
    in_transaction: bool,
}

impl PgLease {
    pub async fn take(pool: &PgPool) -> sqlx::Result<Self> {
        let conn = match pool.acquire().await {
            Err(sqlx::Error::PoolTimedOut) => return Err(find_reason(pool).await),
            outcome => outcome?,
        };
        Ok(Self { conn: Some(conn), in_transaction: false })
    }

    /// Takes a connection that is idle or that the pool may open; `None` when all are in use.
    pub async fn take_if_free(pool: &PgPool) -> sqlx::Result<Option<Self>> {
        match pool.try_acquire() {
            Some(conn) => Ok(Some(Self { conn: Some(conn), in_transaction: false })),
            None if pool.size() < pool.options().get_max_connections() => Self::take(pool).await.map(Some),
            None => Ok(None),
        }
    }

    /// Has the drop roll back, for statements that begin a transaction themselves and may be abandoned in it.
    pub const fn roll_back_on_drop(&mut self) {
        self.in_transaction = true;
    }

    /// Begins a transaction in which each statement sees what was committed before it, whatever the database's own
    /// default is. A transaction that has waited for a lock must not decide by what was true before the wait.
    pub async fn begin(&mut self) -> sqlx::Result<()> {
        self.in_transaction = true;
        with_timeout(async { self.execute("BEGIN ISOLATION LEVEL READ COMMITTED").await.map(drop) }).await
    }

    /// Commits the transaction. After an error it is unknown whether the transaction was committed.
    pub async fn commit(&mut self) -> sqlx::Result<()> {
        with_timeout(async { self.execute("COMMIT").await.map(drop) }).await?;
        self.in_transaction = false;
        Ok(())
    }
}

impl Deref for PgLease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.conn.as_deref().expect("it is there until it is dropped")
    }
}

impl DerefMut for PgLease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.conn.as_deref_mut().expect("it is there until it is dropped")
    }
}

impl Drop for PgLease {
    /// Rolls back an open transaction and returns the connection to the pool, which tests it, or closes the connection
    /// where that takes too long.
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        let in_transaction = self.in_transaction;
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The program ends, and no task can roll back any more. Postgres does so when the connection is closed.
            drop(conn.leak());
            return;
        };
        runtime.spawn(async move {
            if in_transaction && with_timeout(async { conn.execute("ROLLBACK").await.map(drop) }).await.is_err() {
                conn.close_on_drop();
                return;
            }
            // The pool itself would wait without a timeout.
            let _ = tokio::time::timeout(STATEMENT_TIMEOUT, conn.return_to_pool()).await;
        });
    }
}

/// Returns the reason why the pool had no connection in time. Where connections are refused or take no writes, the pool
/// retries without reporting it and then reports a timeout, as it does when all of its connections are in use. One
/// request at a time finds out by connecting.
pub async fn find_reason(pool: &PgPool) -> sqlx::Error {
    static TURN: Semaphore = Semaphore::const_new(1);
    let Ok(Ok(_turn)) = tokio::time::timeout(REASON_TIMEOUT, TURN.acquire()).await else {
        return sqlx::Error::PoolTimedOut;
    };
    let options = pool.connect_options();
    let attempt = async {
        let mut conn = PgConnection::connect_with(&options).await?;
        session::prepare(&mut conn, session::OF_REQUESTS).await?;
        conn.close().await
    };
    match tokio::time::timeout(REASON_TIMEOUT, attempt).await {
        Ok(Err(reason)) => reason,
        _ => sqlx::Error::PoolTimedOut,
    }
}
