//! A Postgres connection on loan from the pool, and a limit to how long it may keep anybody waiting. A database that is
//! gone without a word answers never: without limits here, whoever asked it would wait for hours, and its connections
//! would hold their places in the pool for as long.

use std::{
    io,
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::sync::Semaphore;

use super::session;

/// How long one statement may take. Postgres gives up on its own side after the same time, if it is there.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long finding out why there is no connection may take.
const REASON_TIMEOUT: Duration = Duration::from_millis(500);

/// A connection on loan. Dropping it undoes a transaction that was not committed.
pub struct PgLease {
    /// Present until it is dropped.
    conn: Option<PoolConnection<Postgres>>,
    in_transaction: bool,
}

impl PgLease {
    /// Takes a connection of the pool.
    pub async fn take(pool: &PgPool) -> sqlx::Result<Self> {
        let conn = match pool.acquire().await {
            Err(sqlx::Error::PoolTimedOut) => return Err(find_reason(pool).await),
            outcome => outcome?,
        };
        Ok(Self { conn: Some(conn), in_transaction: false })
    }

    /// Begins a transaction, in which each statement sees what was committed before it: who has waited for a lock must
    /// not judge by what was true before the wait, whatever the database's own default is.
    pub async fn begin(&mut self) -> sqlx::Result<()> {
        self.in_transaction = true;
        with_timeout(async { self.execute("BEGIN ISOLATION LEVEL READ COMMITTED").await.map(drop) }).await
    }

    /// Makes what was done since durable. After an error it may be or not, and nobody can say.
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
    /// Gives it back, tidied up and tried out, or throws it away where that takes too long.
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        let in_transaction = self.in_transaction;
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The program ends, and nobody is left to tidy up; Postgres does.
            drop(conn.leak());
            return;
        };
        runtime.spawn(async move {
            if in_transaction && with_timeout(async { conn.execute("ROLLBACK").await.map(drop) }).await.is_err() {
                conn.close_on_drop();
                return;
            }
            // The pool would wait for ever.
            let _ = tokio::time::timeout(STATEMENT_TIMEOUT, conn.return_to_pool()).await;
        });
    }
}

/// Why the pool had no connection in time. It tries again without a word where connections are refused or take no writes,
/// and then says that it timed out, as where all of its connections are in use. One request at a time finds out by
/// connecting.
async fn find_reason(pool: &PgPool) -> sqlx::Error {
    static TURN: Semaphore = Semaphore::const_new(1);
    let Ok(_turn) = TURN.try_acquire() else { return sqlx::Error::PoolTimedOut };
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

/// Runs a statement, and gives up on it after [`STATEMENT_TIMEOUT`].
pub async fn with_timeout<T>(statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let silent = || io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time");
    tokio::time::timeout(STATEMENT_TIMEOUT, statement).await.unwrap_or_else(|_| Err(silent().into()))
}
