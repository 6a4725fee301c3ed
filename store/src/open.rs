//! Opening a database: what for, in which version, and why it can't be.

use std::path::PathBuf;

use sqlx::migrate::{MigrateError, Migrator};

use super::{
    Store,
    database_url::{self, is_postgres},
    error::{Error, plain},
    migrate::State,
    open_postgres, open_sqlite,
};

pub(super) static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
pub(super) static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// To be served: it is made and brought up to date.
    Serve,
    /// To be brought up to date, by a role that may change tables and need not be able to do more.
    Migrate,
    /// To be used while servers may run on it: it must be there, and be what this program knows.
    Use,
    /// To be copied: it must be there.
    Copy,
}

/// Why the database can't be used at start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It can't be used; the text says why and what to do.
    #[error("{0}")]
    Unfit(String),
    /// There is none.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// It doesn't answer, or refuses the role.
    #[error("{place}: {cause}")]
    Unreachable {
        /// Which database it is.
        place: String,
        /// What was wrong.
        cause: String,
    },
    /// A statement failed. Not a source: the cause would be printed twice.
    #[error("the database can't be opened: {0}")]
    Database(Error),
    /// It has no tables.
    #[error("the database is empty; the server makes its tables when it is started, or `uptrakit-server migrate`")]
    Empty,
    /// It was migrated by an older program.
    #[error(
        "the database is that of an older Uptrakit; the server brings it up to date when it is started, or `uptrakit-server migrate`"
    )]
    Older,
    /// It was migrated by a newer program.
    #[error(
        "the database was made by a newer Uptrakit (its migration {0} is unknown here); use that version, or restore a backup from before the update"
    )]
    Newer(i64),
    /// A migration that has run is another one here.
    #[error(
        "the database was made by a changed Uptrakit (the checksum of its migration {0} is not that of this program); use that program, or restore a backup"
    )]
    Modified(i64),
    /// A migration did not go through.
    #[error(
        "the database can't be brought up to date, and was left as it was: {}; restore a backup or mend the cause, then start again",
        plain_migration(.0)
    )]
    Migration(MigrateError),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            MigrateError::VersionMismatch(version) => Self::Modified(version),
            other => Self::Migration(other),
        }
    }
}

impl Store {
    /// Opens the database of a `sqlite:` or `postgres:` URL and brings it up to date; makes it, where SQLite has none.
    pub async fn open(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Ok(Self::open_for(Opening::Serve, url, max_connections).await?.0)
    }

    /// Opens a database that must be there and up to date: servers of another version may run on it.
    pub async fn open_existing(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Ok(Self::open_for(Opening::Use, url, max_connections).await?.0)
    }

    /// Opens a database that must be there, of whatever version, for nothing but [`Store::backup`].
    pub async fn open_to_copy(url: &str) -> Result<Self, OpenError> {
        Ok(Self::open_for(Opening::Copy, url, 1).await?.0)
    }

    /// Brings a database up to date, as the start of a server does, and says in which version it was; makes it, where
    /// SQLite has none.
    pub async fn migrate(url: &str) -> Result<State, OpenError> {
        let (store, was) = Self::open_for(Opening::Migrate, url, 1).await?;
        store.close().await;
        Ok(was)
    }

    /// Opens a database, and says in which version it was.
    async fn open_for(opening: Opening, url: &str, max_connections: u32) -> Result<(Self, State), OpenError> {
        database_url::check(url).map_err(|why| OpenError::Unfit(format!("the database URL is wrong: {why}")))?;
        if is_postgres(url) {
            open_postgres::open(url, opening, max_connections).await
        } else {
            open_sqlite::open(url, opening).await
        }
    }
}

fn plain_migration(error: &MigrateError) -> String {
    match error {
        MigrateError::Execute(error) => plain(error),
        MigrateError::ExecuteMigration(error, version) => format!("migration {version}: {}", plain(error)),
        other => other.to_string(),
    }
}
