//! The connections of one process, and how they are lent out.

use std::{sync::Arc, time::Duration};

use super::{Connection, Store, Transaction, open_file::OpenFile, pg_lease::PgLease};

/// How long to wait for a connection of the pool before the answer is 503.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// The connections of one process.
#[derive(Clone, Debug)]
pub(super) enum Pool {
    /// One writer, because SQLite has only one anyway and waiting in a queue beats being turned away; and one beside it
    /// that doesn't wait for the disk.
    Sqlite {
        readers: sqlx::SqlitePool,
        writer: sqlx::SqlitePool,
        aside: sqlx::SqlitePool,
        file: Arc<OpenFile>,
    },
    Postgres(sqlx::PgPool),
}

impl Store {
    /// A connection for reading.
    pub async fn read(&self) -> crate::Result<Connection> {
        Ok(match &self.0 {
            Pool::Sqlite { readers, file, .. } => {
                file.require_in_place()?;
                Connection::Sqlite(readers.acquire().await?)
            }
            Pool::Postgres(pool) => Connection::Postgres(PgLease::take(pool).await?),
        })
    }

    /// A connection for notes that nobody was promised: each statement stands for itself and may be undone by a power
    /// cut. On SQLite it doesn't wait for the disk, so that a revoke never waits long for it.
    pub async fn aside(&self) -> crate::Result<Connection> {
        match &self.0 {
            Pool::Sqlite { aside, file, .. } => {
                file.require_in_place()?;
                Ok(Connection::Sqlite(aside.acquire().await?))
            }
            Pool::Postgres(_) => self.read().await,
        }
    }

    /// Begins a write transaction. SQLite's takes the write lock at once, so that what it reads can't change under it.
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

    /// Fails where SQLite's file was removed or replaced since it was opened, for one who keeps a connection for long.
    pub fn require_in_place(&self) -> crate::Result<()> {
        match &self.0 {
            Pool::Sqlite { file, .. } => file.require_in_place(),
            Pool::Postgres(_) => Ok(()),
        }
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub const fn engine(&self) -> &'static str {
        match self.0 {
            Pool::Sqlite { .. } => "sqlite",
            Pool::Postgres(_) => "postgres",
        }
    }

    /// Connections open and idle.
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

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) {
        match &self.0 {
            Pool::Sqlite { readers, writer, aside, .. } => {
                readers.close().await;
                aside.close().await;
                writer.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}
