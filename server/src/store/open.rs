//! Opening a database: what for, in which version, and why it can't be.

use std::path::PathBuf;

use sqlx::migrate::{MigrateError, Migrator};

use super::{
    Store,
    database_url::{self, is_postgres, plain},
    on, open_postgres, open_sqlite,
    pool::Pool,
};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// To be served: it is made and brought up to date.
    Serve,
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
    /// It doesn't answer, or lets nobody in.
    #[error("{place}: {cause}")]
    Unreachable {
        /// Which database it is.
        place: String,
        /// What was wrong.
        cause: String,
    },
    /// A statement failed. Not a source: the cause would be printed twice.
    #[error("the database can't be opened: {}", plain(.0))]
    Database(sqlx::Error),
    /// It has no tables.
    #[error("the database is empty; the server makes its tables when it is started")]
    Empty,
    /// It was migrated by an older program.
    #[error("the database is that of an older Uptrakit; the server brings it up to date when it is started")]
    Older,
    /// It was migrated by a newer program.
    #[error(
        "the database was made by a newer Uptrakit (its migration {0} is unknown here); use that version, or restore a backup from before the update"
    )]
    Newer(i64),
    /// A migration did not go through.
    #[error(
        "the database can't be brought up to date, and was left as it was: {0}; restore a backup or mend the cause, then start again"
    )]
    Migration(MigrateError),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            other => Self::Migration(other),
        }
    }
}

impl Store {
    /// Opens the database of a `sqlite:` or `postgres:` URL and brings it up to date; makes it, where SQLite has none.
    pub async fn open(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Self::open_for(Opening::Serve, url, max_connections).await
    }

    /// Opens a database that must be there and up to date: servers of another version may run on it.
    pub async fn open_existing(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Self::open_for(Opening::Use, url, max_connections).await
    }

    /// Opens a database that must be there, of whatever version, for nothing but [`Store::backup`].
    pub async fn open_to_copy(url: &str) -> Result<Self, OpenError> {
        Self::open_for(Opening::Copy, url, 1).await
    }

    async fn open_for(opening: Opening, url: &str, max_connections: u32) -> Result<Self, OpenError> {
        database_url::check(url).map_err(|why| OpenError::Unfit(format!("the database URL is wrong: {why}")))?;
        let (store, migrations) = if is_postgres(url) {
            (open_postgres::open(url, opening, max_connections).await?, &POSTGRES_MIGRATIONS)
        } else {
            (open_sqlite::open(url, opening).await?, &SQLITE_MIGRATIONS)
        };
        if opening == Opening::Use {
            store.judge_version(migrations).await?;
        }
        Ok(store)
    }

    /// Brings the database up to date, and says in the log what was applied.
    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        let before = self.list_applied().await.unwrap_or_default();
        let migrations = match &self.0 {
            Pool::Sqlite { writer, .. } => SQLITE_MIGRATIONS.run(writer).await.map(|()| &SQLITE_MIGRATIONS),
            Pool::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await.map(|()| &POSTGRES_MIGRATIONS),
        }?;
        let known = || migrations.iter().map(|migration| migration.version);
        let applied: Vec<String> =
            known().filter(|version| !before.contains(version)).map(|version| version.to_string()).collect();
        let applied = (!applied.is_empty()).then(|| applied.join(" "));
        tracing::info!(migration = known().max(), applied, "the database is up to date");
        Ok(())
    }

    async fn list_applied(&self) -> sqlx::Result<Vec<i64>> {
        on!(self.read().await?.conn(), |c| {
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(c).await
        })
    }

    async fn judge_version(&self, migrations: &Migrator) -> Result<(), OpenError> {
        let applied = match self.list_applied().await {
            Ok(applied) => applied,
            Err(sqlx::Error::Database(_)) => return Err(OpenError::Empty),
            Err(error) => return Err(error.into()),
        };
        let known: Vec<i64> = migrations.iter().map(|migration| migration.version).collect();
        if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
            return Err(OpenError::Newer(*newer));
        }
        if known == applied { Ok(()) } else { Err(OpenError::Older) }
    }
}
