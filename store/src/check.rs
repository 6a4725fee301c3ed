//! What can be asked of an open database: whether it takes writes, and whether its data is sound.

use sqlx::Connection as _;

use super::{Store, epoch, on, pool::Pool};

impl Store {
    /// Finds out whether the database takes writes, that of the epoch's row too, which every revoke needs.
    pub async fn probe(&self, now: i64) -> crate::Result<()> {
        let mut tx = self.begin().await?;
        on!(tx.conn(), |c| sqlx::query("UPDATE readiness SET at = $1").bind(now).execute(c).await.map(drop))?;
        epoch::probe(&mut tx).await?;
        tx.commit().await
    }

    /// Asks the engine whether the data is sound; `Err` carries what it found.
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
