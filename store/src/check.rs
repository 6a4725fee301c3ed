//! Checks of an open database: that it takes writes, and that its data is sound.

use sqlx::Connection as _;
use uptrakit_api::Timestamp;

use super::{
    Conn, OpenError, Store, epoch,
    error::{TRANSACTION_POOLER, message, require_row},
    on,
    pg_lease::PgLease,
    pool::Pool,
    requirements,
};

impl Store {
    /// Fails where the database takes no writes, and where a table of one row has lost it. The epoch's row is written as
    /// well, because every revoke needs it.
    pub async fn probe(&self, now: Timestamp) -> crate::Result<()> {
        let mut tx = self.begin().await?;
        let lost =
            on!(tx.conn(), |c| sqlx::query_scalar(requirements::TABLES_WITHOUT_THEIR_ROW).fetch_optional(c).await)?;
        requirements::refuse_lost_row(lost).map_err(unfit)?;
        on!(tx.conn(), |c| {
            let written = sqlx::query("UPDATE readiness SET at = $1").bind(now).execute(c).await;
            written.and_then(|done| require_row(done.rows_affected()))
        })?;
        epoch::probe(&mut tx).await?;
        tx.commit().await
    }

    /// Fails where a right or a table is missing that some request needs. SQLite knows no rights.
    pub async fn check_rights(&self) -> crate::Result<()> {
        let mut reader = self.read().await?;
        let Conn::Postgres(conn) = reader.conn() else { return Ok(()) };
        requirements::check_rights(conn).await.map_err(unfit)
    }

    /// Fails where a pooler does not give each session a backend of its own. That can change while a server runs, when
    /// the pooler reads its settings again. The check is left out when no second connection is free.
    pub async fn check_pooler(&self) -> crate::Result<()> {
        let Pool::Postgres(pool) = &self.0 else { return Ok(()) };
        let mut first = PgLease::take(pool).await?;
        let Some(mut second) = PgLease::take_if_free(pool).await? else { return Ok(()) };
        second.roll_back_on_drop();
        if requirements::share_backends(&mut first, &mut second).await? {
            return Err(sqlx::Error::Configuration(TRANSACTION_POOLER.into()).into());
        }
        Ok(())
    }

    /// Asks the engine whether the data is sound, which on SQLite reads the whole file. The inner `Err` carries what
    /// SQLite found; Postgres is only asked for an answer.
    pub async fn check(&self) -> crate::Result<Result<(), String>> {
        match &self.0 {
            Pool::Sqlite { readers, .. } => {
                let mut conn = readers.acquire().await?;
                let verdict = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *conn).await;
                match verdict.map_err(crate::Error::from) {
                    Ok(verdict) if verdict == "ok" => Ok(Ok(())),
                    Ok(verdict) => Ok(Err(verdict)),
                    Err(error) if error.is_damage() => Ok(Err(message(&error.0).to_owned())),
                    Err(error) => Err(error),
                }
            }
            Pool::Postgres(pool) => {
                pool.acquire().await?.ping().await?;
                Ok(Ok(()))
            }
        }
    }
}

fn unfit(error: OpenError) -> crate::Error {
    match error {
        OpenError::Database(error) => error,
        unfit => sqlx::Error::Configuration(unfit.to_string().into()).into(),
    }
}
