//! The connections of one process, and the functions that hand them out.

use std::{sync::Arc, time::Duration};

use super::{
    Connection, Store, Transaction,
    open_file::OpenFile,
    pg_lease::{self, PgLease},
};

/// Timeout for a connection of the pool, after which the answer is 503.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub(super) enum Pool {
    /// There is one writer, because SQLite has only one and waiting in a queue is better than an error, and a second
    /// one, `aside`, whose commits do not wait for the disk.
    Sqlite {
        readers: sqlx::SqlitePool,
        writer: sqlx::SqlitePool,
        aside: sqlx::SqlitePool,
        file: Arc<OpenFile>,
    },
    Postgres(sqlx::PgPool),
}

impl Store {
    pub async fn read(&self) -> crate::Result<Connection> {
        Ok(match &self.0 {
            Pool::Sqlite { readers, file, .. } => {
                file.require_in_place()?;
                Connection::Sqlite(readers.acquire().await?)
            }
            Pool::Postgres(pool) => Connection::Postgres(PgLease::take(pool).await?),
        })
    }

    /// Returns a connection for writes that are acknowledged to no client: each statement commits by itself, and a
    /// crash of the machine may undo it. On SQLite such a commit does not wait for the disk, so that a revoke never
    /// waits long for it.
    pub async fn aside(&self) -> crate::Result<Connection> {
        match &self.0 {
            Pool::Sqlite { aside, file, .. } => {
                file.require_in_place()?;
                Ok(Connection::Sqlite(aside.acquire().await?))
            }
            Pool::Postgres(_) => self.read().await,
        }
    }

    /// Begins a write transaction. On SQLite it takes the write lock at once, so that what it reads can't change before
    /// it ends.
    pub async fn begin(&self) -> crate::Result<Transaction> {
        Ok(match &self.0 {
            Pool::Sqlite { writer, file, .. } => {
                file.require_in_place()?;
                Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?, Arc::clone(file))
            }
            Pool::Postgres(pool) => {
                let mut tx = PgLease::take(pool).await?;
                tx.begin().await?;
                Transaction::Postgres(tx)
            }
        })
    }

    /// Returns the reason why the database gives no connection, as far as it can be found out at once: nothing listens, or
    /// it refuses. `None` where it is merely silent.
    pub async fn find_silence_reason(&self) -> Option<crate::Error> {
        let Pool::Postgres(pool) = &self.0 else { return None };
        match pg_lease::find_reason(pool).await {
            sqlx::Error::PoolTimedOut => None,
            reason => Some(reason.into()),
        }
    }

    /// Fails where SQLite's file was removed or replaced since it was opened. It is for callers that keep a connection
    /// for long.
    pub fn require_in_place(&self) -> crate::Result<()> {
        match &self.0 {
            Pool::Sqlite { file, .. } => file.require_in_place(),
            Pool::Postgres(_) => Ok(()),
        }
    }

    #[must_use]
    pub const fn engine(&self) -> &'static str {
        match self.0 {
            Pool::Sqlite { .. } => "sqlite",
            Pool::Postgres(_) => "postgres",
        }
    }

    /// Returns the numbers of open and of idle connections.
    #[must_use]
    pub fn pool_size(&self) -> (u32, usize) {
        match &self.0 {
            Pool::Sqlite { readers, writer, aside, .. } => {
                let all = [readers, writer, aside];
                (all.map(sqlx::Pool::size).iter().sum(), all.map(sqlx::Pool::num_idle).iter().sum())
            }
            Pool::Postgres(pool) => (pool.size(), pool.num_idle()),
        }
    }

    /// Closes every connection. SQLite then copies its log into the file. Where the file was removed, replaced or
    /// overwritten, the connections stay open until the process ends, because the log belongs to another file.
    pub async fn close(&self) {
        match &self.0 {
            Pool::Sqlite { file, .. } if file.require_in_place().is_err() => std::mem::forget(self.clone()),
            Pool::Sqlite { readers, writer, aside, .. } => {
                readers.close().await;
                aside.close().await;
                writer.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}
