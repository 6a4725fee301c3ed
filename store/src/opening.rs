//! Why a database is opened, and why that fails.

use std::path::PathBuf;

use sqlx::migrate::MigrateError;

use super::error::{Error, plain};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// The server starts: the database is created if necessary, and brought up to date.
    Serve,
    /// The database is brought up to date, by a role that may change tables and needs no other rights.
    Migrate,
    /// A command uses the database while servers may run on it: the database must exist and be up to date.
    Use,
    /// A backup is made: the database must exist, in any version.
    Copy,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0}")]
    Unfit(String),
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    #[error("{0} is in use; stop every server and every other program that uses it first")]
    InUse(String),
    #[error("{place}: {cause}")]
    Unreachable { place: String, cause: String },
    /// A statement failed. The cause is not a source, because it would be printed twice.
    #[error("the database can't be opened: {0}")]
    Database(Error),
    #[error("the database is empty; the server makes its tables when it is started, or `uptrakit-server migrate`")]
    Empty,
    #[error(
        "the database is that of an older Uptrakit; the server brings it up to date when it is started, or `uptrakit-server migrate`"
    )]
    Older,
    #[error(
        "the database was made by a newer Uptrakit (its migration {0} is unknown here); use that version, or restore a backup from before the update"
    )]
    Newer(i64),
    #[error(
        "the database was made by a changed Uptrakit (the checksum of its migration {0} is not that of this program); use that program, or restore a backup"
    )]
    Modified(i64),
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

fn plain_migration(error: &MigrateError) -> String {
    match error {
        MigrateError::Execute(error) => plain(error),
        MigrateError::ExecuteMigration(error, version) => format!("migration {version}: {}", plain(error)),
        other => other.to_string(),
    }
}
