//! Backups: copies of a SQLite database that is in use.

use std::{io, path::Path};

use super::{
    Store,
    error::{Error, plain_io},
    pool::Pool,
    private_file::{make_durable, make_private_file},
};

impl Store {
    /// Copies a SQLite database, while it is in use, into a new file that a server can use as it is.
    pub async fn backup(&self, file: &Path) -> Result<(), BackupError> {
        let Pool::Sqlite { readers, file: database, .. } = &self.0 else { return Err(BackupError::Postgres) };
        database.require_in_place()?;
        let name = file.to_str().ok_or(BackupError::Name)?;
        // `VACUUM INTO` accepts an empty file as it accepts a missing one.
        make_private_file(file)?;
        let copy = async {
            let mut conn = readers.acquire().await?;
            sqlx::query("VACUUM INTO $1").bind(name).execute(&mut *conn).await?;
            make_durable(file)?;
            Ok(())
        };
        let outcome = copy.await;
        if outcome.is_err() {
            // An incomplete copy must not be mistaken for a backup.
            let _ = std::fs::remove_file(file);
        }
        outcome
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("backup is for SQLite; for Postgres use pg_dump")]
    Postgres,
    #[error("the name of the backup file must be Unicode")]
    Name,
    #[error("{}", plain_io(.0))]
    File(io::Error),
    #[error("{0}")]
    Database(Error),
}

// These are written by hand because `#[from]` would make the cause a source, and it would be printed twice.
impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Error> for BackupError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
