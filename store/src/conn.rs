//! What store functions work on: a connection of either driver, alone or in a write transaction.

use std::sync::Arc;

use sqlx::{PgConnection, SqliteConnection, pool::PoolConnection};

use super::{open_file::OpenFile, pg_lease::PgLease};

/// A connection on loan, of either driver; store functions take one.
pub enum Conn<'c> {
    /// SQLite's.
    Sqlite(&'c mut SqliteConnection),
    /// Postgres's.
    Postgres(&'c mut PgConnection),
}

/// A connection for what needs no transaction: each statement stands for itself.
pub enum Connection {
    /// SQLite's.
    Sqlite(PoolConnection<sqlx::Sqlite>),
    /// Postgres's.
    Postgres(PgLease),
}

/// A write transaction. Dropping it undoes it.
pub enum Transaction {
    /// SQLite's, and the file that it is in.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>, Arc<OpenFile>),
    /// Postgres's.
    Postgres(PgLease),
}

impl Connection {
    /// The connection.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

impl Transaction {
    /// The connection.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx, _) => Conn::Sqlite(tx),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    /// Makes it durable. A SQLite file that was removed or replaced meanwhile will not be there at the next start: that is
    /// no success.
    pub async fn commit(self) -> crate::Result<()> {
        match self {
            Self::Sqlite(tx, file) => {
                tx.commit().await?;
                file.require_in_place()
            }
            Self::Postgres(mut tx) => Ok(tx.commit().await?),
        }
    }
}
