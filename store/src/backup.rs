//! A copy of a SQLite database that is in use.

use std::{io, path::Path};

use super::{
    Store,
    error::{Error, plain_io},
    pool::Pool,
    private_file::{make_durable, make_private_file},
};

impl Store {
    /// Copies a SQLite database, while it is in use, into a new file that can be served as it is.
    pub async fn backup(&self, file: &Path) -> Result<(), BackupError> {
        let Pool::Sqlite { readers, .. } = &self.0 else { return Err(BackupError::Postgres) };
        let name = file.to_str().ok_or(BackupError::Name)?;
        // SQLite writes into an empty file as into none.
        make_private_file(file)?;
        let copy = async {
            let mut conn = readers.acquire().await?;
            sqlx::query("VACUUM INTO $1").bind(name).execute(&mut *conn).await?;
            make_durable(file)?;
            Ok(())
        };
        let outcome = copy.await;
        if outcome.is_err() {
            // Half a copy must not be taken for one.
            let _ = std::fs::remove_file(file);
        }
        outcome
    }
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Postgres has its own tools.
    #[error("backup is for SQLite; for Postgres use pg_dump")]
    Postgres,
    /// The file's name is no Unicode.
    #[error("the name of the backup file must be Unicode")]
    Name,
    /// It can't be made, or is there already.
    #[error("{}", plain_io(.0))]
    File(io::Error),
    /// The database refused.
    #[error("{0}")]
    Database(Error),
}

// Not as sources: the cause would be printed twice.
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
