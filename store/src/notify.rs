//! Word between processes that share a Postgres database: something changed.

use sqlx::postgres::PgListener;

use super::{Conn, Store, pg_lease::with_timeout, pool::Pool};

/// The channel by which Postgres tells other processes that the epoch or the hosts moved.
const CHANNEL: &str = "uptrakit";

impl Store {
    /// Waits for word that another process changed something; `None` where the engine sends none (SQLite).
    pub async fn listen(&self) -> crate::Result<Option<Listener>> {
        match &self.0 {
            Pool::Sqlite { .. } => Ok(None),
            Pool::Postgres(pool) => {
                // Outside the pool: a listener whose connection has died without a word must not hold a place in it.
                // Its sessions are set up as those of the pool are.
                let own = pool.options().clone().max_connections(1);
                let own = own.connect_lazy_with(pool.connect_options().as_ref().clone());
                let mut listener = PgListener::connect_with(&own).await?;
                with_timeout(listener.listen(CHANNEL)).await?;
                Ok(Some(Listener(listener)))
            }
        }
    }
}

/// Word from other processes.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Returns when some process said that something changed, or that word may have been lost.
    pub async fn changed(&mut self) -> crate::Result<()> {
        Ok(self.0.try_recv().await.map(drop)?)
    }
}

/// Tells other processes, when the transaction commits, that something changed.
pub(super) async fn notify(conn: Conn<'_>) -> crate::Result<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(c) => {
            let told = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(c);
            Ok(with_timeout(told).await.map(drop)?)
        }
    }
}
