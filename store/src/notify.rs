//! Notifications between processes that share a Postgres database, which say that the epoch or the hosts have changed.

use sqlx::postgres::PgListener;

use super::{Conn, Store, pool::Pool, timeout::with_timeout};

const CHANNEL: &str = "uptrakit";

impl Store {
    /// Starts to listen for changes by other processes. `None` on SQLite, which sends no notifications.
    pub async fn listen(&self) -> crate::Result<Option<Listener>> {
        match &self.0 {
            Pool::Sqlite { .. } => Ok(None),
            Pool::Postgres(pool) => {
                // The listener has a pool of its own, because a connection that was lost without an error must not keep
                // a place in the shared pool. Its sessions are set up as those of the shared pool are.
                let own = pool.options().clone().max_connections(1);
                let own = own.connect_lazy_with(pool.connect_options().as_ref().clone());
                let mut listener = PgListener::connect_with(&own).await?;
                with_timeout(listener.listen(CHANNEL)).await?;
                Ok(Some(Listener(listener)))
            }
        }
    }
}

#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Returns when a process has reported a change, or when notifications may have been lost.
    pub async fn changed(&mut self) -> crate::Result<()> {
        Ok(self.0.try_recv().await.map(drop)?)
    }
}

/// Notifies other processes of a change when the transaction commits.
pub(super) async fn notify(conn: Conn<'_>) -> crate::Result<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(c) => {
            let told = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(c);
            Ok(with_timeout(told).await.map(drop)?)
        }
    }
}
