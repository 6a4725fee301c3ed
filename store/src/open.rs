//! Opening of a database, whichever engine it has.

use super::{
    Store,
    database_url::{self, is_postgres},
    migrate::State,
    open_postgres, open_sqlite,
    opening::{OpenError, Opening},
};

impl Store {
    /// Opens the database of a `sqlite:` or `postgres:` URL and brings it up to date. A SQLite file that does not exist
    /// is created.
    pub async fn open(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Ok(Self::open_for(Opening::Serve, url, max_connections).await?.0)
    }

    /// Opens a database that must exist and be up to date, because servers of another version may run on it.
    pub async fn open_existing(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Ok(Self::open_for(Opening::Use, url, max_connections).await?.0)
    }

    /// Opens a database that must exist, in any version, for [`Store::backup`] alone.
    pub async fn open_to_copy(url: &str) -> Result<Self, OpenError> {
        Ok(Self::open_for(Opening::Copy, url, 1).await?.0)
    }

    /// Brings a database up to date, as the start of a server does, and returns the state that it was in. A SQLite file
    /// that does not exist is created.
    pub async fn migrate(url: &str) -> Result<State, OpenError> {
        let (store, was) = Self::open_for(Opening::Migrate, url, 1).await?;
        store.close().await;
        Ok(was)
    }

    async fn open_for(opening: Opening, url: &str, max_connections: u32) -> Result<(Self, State), OpenError> {
        database_url::check(url).map_err(|why| OpenError::Unfit(format!("the database URL is wrong: {why}")))?;
        if is_postgres(url) {
            open_postgres::open(url, opening, max_connections).await
        } else {
            open_sqlite::open(url, opening).await
        }
    }
}
