//! The connections on which the functions of this crate work: of either driver, alone or in a write transaction.

use std::sync::Arc;

use sqlx::{PgConnection, SqliteConnection, pool::PoolConnection};

use super::{open_file::OpenFile, pg_lease::PgLease};

pub enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A connection for statements that need no transaction: each statement commits by itself.
pub enum Connection {
    Sqlite(PoolConnection<sqlx::Sqlite>),
    Postgres(PgLease),
}

/// A write transaction. Dropping it rolls it back.
pub enum Transaction {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>, Arc<OpenFile>),
    Postgres(PgLease),
}

impl Connection {
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

impl Transaction {
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx, _) => Conn::Sqlite(tx),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    /// Commits the transaction. It fails where the SQLite file was removed or replaced meanwhile, because the next
    /// start would not find the change.
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
