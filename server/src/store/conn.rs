//! What store functions work on: a connection of either driver, alone or in a write transaction.

use sqlx::{PgConnection, SqliteConnection, pool::PoolConnection};

use super::loan::Loan;

/// A connection on loan, of either driver; store functions take one.
pub enum Conn<'c> {
    /// SQLite's.
    Sqlite(&'c mut SqliteConnection),
    /// Postgres's.
    Postgres(&'c mut PgConnection),
}

/// A connection for what needs no transaction: each statement stands for itself.
pub enum Reader {
    /// SQLite's.
    Sqlite(PoolConnection<sqlx::Sqlite>),
    /// Postgres's.
    Postgres(Loan),
}

/// A write transaction. Dropping it undoes it.
pub enum Transaction {
    /// SQLite's.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// Postgres's.
    Postgres(Loan),
}

impl Reader {
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
            Self::Sqlite(tx) => Conn::Sqlite(tx),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    /// Makes it durable.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(mut tx) => tx.commit().await,
        }
    }
}
