//! Checks of an open database: that it takes writes, and that its data is sound.

use sqlx::Connection as _;
use uptrakit_api::Timestamp;

use super::{Conn, OpenError, Store, epoch, on, pool::Pool, requirements};

impl Store {
    /// Fails where the database takes no writes. The epoch's row is written as well, because every revoke needs it.
    pub async fn probe(&self, now: Timestamp) -> crate::Result<()> {
        let mut tx = self.begin().await?;
        on!(tx.conn(), |c| sqlx::query("UPDATE readiness SET at = $1").bind(now).execute(c).await.map(drop))?;
        epoch::probe(&mut tx).await?;
        tx.commit().await
    }

    /// Fails where a right or a table is missing that some request needs. SQLite knows no rights.
    pub async fn check_rights(&self) -> crate::Result<()> {
        let mut reader = self.read().await?;
        let Conn::Postgres(conn) = reader.conn() else { return Ok(()) };
        requirements::check_rights(conn).await.map_err(|error| match error {
            OpenError::Database(error) => error,
            unfit => sqlx::Error::Configuration(unfit.to_string().into()).into(),
        })
    }

    /// Asks the engine whether the data is sound. The inner `Err` carries what SQLite found; Postgres is only asked for
    /// an answer.
    pub async fn check(&self) -> crate::Result<Result<(), String>> {
        match &self.0 {
            Pool::Sqlite { readers, .. } => {
                let mut conn = readers.acquire().await?;
                let verdict: String = sqlx::query_scalar("PRAGMA quick_check").fetch_one(&mut *conn).await?;
                Ok(if verdict == "ok" { Ok(()) } else { Err(verdict) })
            }
            Pool::Postgres(pool) => {
                pool.acquire().await?.ping().await?;
                Ok(Ok(()))
            }
        }
    }
}
