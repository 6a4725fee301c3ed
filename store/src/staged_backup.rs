//! Putting a backup of SQLite in the place of the database. The backup is copied beside the database and prepared there,
//! so that the database is replaced by one rename, and no server ever sees a backup that is not prepared.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use super::{
    database_url::{is_postgres, place},
    error::{Error, plain, plain_io},
    migrate::{self, State},
    open_file::lock_whole,
    open_lock::OpenLock,
    open_sqlite::file_of,
    opening::OpenError,
    private_file::{make_durable, make_private_file},
};

/// A copy of a backup beside the database that it will replace. Dropping it removes the copy.
#[derive(Debug)]
pub struct StagedBackup {
    copy: PathBuf,
    /// Open with a lock of `flock` on it, which tells a copy in use from one that a killed process has left. SQLite's own
    /// locks are of another kind.
    _in_use: File,
    database: PathBuf,
    place: String,
}

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(
        "a file is put in place for SQLite alone; for Postgres use pg_restore, then `uptrakit-server restore --adopt`"
    )]
    Postgres,
    #[error("there is no file {0}")]
    Missing(PathBuf),
    #[error("{0} is the database itself; name a backup of it")]
    Itself(PathBuf),
    #[error(
        "{0} has a log beside it ({0}-wal), with changes that the file lacks, so that it was not made by \
         `uptrakit-server backup`; name a file that was"
    )]
    HasLog(String),
    #[error("{file} is damaged, or no database: {found}; the database is left as it was; name another backup")]
    Damaged { file: String, found: String },
    #[error("{0} is a database of another program; the database is left as it was; name a backup of Uptrakit's")]
    Foreign(String),
    #[error("{0}; the database is left as it was")]
    Unfit(OpenError),
    #[error("{0}")]
    InUse(OpenError),
    #[error("another restore is under way here; wait until it ends, then try again")]
    UnderWay,
    #[error("{place}: {}", plain_io(.error))]
    File { place: String, error: io::Error },
    #[error("{0}")]
    Database(Error),
}

impl From<sqlx::Error> for RestoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn at(place: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    let place = place.display().to_string();
    |error| RestoreError::File { place, error }
}

impl StagedBackup {
    /// Copies a backup beside the SQLite file of a URL, and checks the copy: that it is whole, and of this version of
    /// the program or an older one.
    pub async fn new(url: &str, backup: &Path) -> Result<Self, RestoreError> {
        if is_postgres(url) {
            return Err(RestoreError::Postgres);
        }
        let database = file_of(url).map_err(RestoreError::Unfit)?;
        // A link stays, and leads to the new file.
        let database = database.canonicalize().or_else(|_| std::path::absolute(&database)).map_err(at(&database))?;
        let found = backup.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RestoreError::Missing(backup.to_owned()),
            _ => at(backup)(error),
        })?;
        if found == database {
            return Err(RestoreError::Itself(found));
        }
        if beside(&found, "-wal").metadata().is_ok_and(|about| about.len() > 0) {
            return Err(RestoreError::HasLog(backup.display().to_string()));
        }
        let place = place(url);
        drop(lock_database(&database, &place)?);
        let mut from = File::open(backup).map_err(at(backup))?;
        let copy = beside(&database, ".restoring");
        let turn = OpenLock::wait(&database).await;
        let mut to = make_copy(&copy)?;
        drop(turn);
        let copied = io::copy(&mut from, &mut to);
        let staged = Self { copy, _in_use: to, database, place };
        copied.map_err(at(&staged.copy))?;
        staged.check(backup).await?;
        Ok(staged)
    }

    async fn check(&self, backup: &Path) -> Result<(), RestoreError> {
        let name = backup.display().to_string();
        let damaged = |found: String| RestoreError::Damaged { file: name.clone(), found: found.replace('\n', " ") };
        let options = SqliteConnectOptions::new().filename(&self.copy).create_if_missing(false);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        let verdict: sqlx::Result<String> = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&pool).await;
        match verdict {
            Ok(verdict) if verdict == "ok" => {}
            Ok(verdict) => return Err(damaged(verdict)),
            Err(error) => return Err(damaged(plain(&error))),
        }
        let found = migrate::state_of_sqlite(&pool).await.map_err(RestoreError::Unfit)?;
        pool.close().await;
        if found.state == State::Empty { Err(RestoreError::Foreign(name)) } else { Ok(()) }
    }

    #[must_use]
    pub fn url(&self) -> String {
        let path = self.copy.to_string_lossy();
        format!("sqlite://{}?mode=rw", path.replace('%', "%25").replace('?', "%3F").replace('#', "%23"))
    }

    /// Puts the copy in the place of the database. No connection to the copy may be open. Returns the name under which
    /// the former database is kept, if there was one.
    pub async fn put_in_place(self) -> Result<Option<PathBuf>, RestoreError> {
        self.detach_log().await?;
        make_durable(&self.copy).map_err(at(&self.copy))?;
        // No server can open the database meanwhile, nor have it open.
        let _turn = OpenLock::wait(&self.database).await;
        let _lock = lock_database(&self.database, &self.place)?;
        let kept = self.keep_former()?;
        fs::rename(&self.copy, &self.database).map_err(at(&self.database))?;
        // Until the log of the former file is gone, a start refuses it beside the new one, which has none.
        for suffix in ["-wal", "-shm"] {
            let log = beside(&self.database, suffix);
            match &kept {
                Some(kept) if log.exists() => fs::rename(&log, beside(kept, suffix)).map_err(at(&log))?,
                None if log.exists() => fs::rename(&log, beside(&log, ".before-restore")).map_err(at(&log))?,
                _ => {}
            }
        }
        make_durable(&self.database).map_err(at(&self.database))?;
        Ok(kept)
    }

    /// Ends the write-ahead log of the copy, so that the file is all there is.
    async fn detach_log(&self) -> Result<(), RestoreError> {
        let options = SqliteConnectOptions::new().filename(&self.copy).journal_mode(SqliteJournalMode::Delete);
        let mut conn = options.connect().await?;
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut conn).await?;
        conn.close().await?;
        if mode == "delete" {
            Ok(())
        } else {
            Err(sqlx::Error::Protocol("the log of the copy is in use".into()).into())
        }
    }

    fn keep_former(&self) -> Result<Option<PathBuf>, RestoreError> {
        if !self.database.exists() {
            return Ok(None);
        }
        let mut kept = beside(&self.database, ".before-restore");
        let mut number = 1;
        loop {
            match fs::hard_link(&self.database, &kept) {
                Ok(()) => return Ok(Some(kept)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number += 1;
                    kept = beside(&self.database, &format!(".before-restore-{number}"));
                }
                Err(error) => return Err(at(&kept)(error)),
            }
        }
    }
}

/// Creates the file for the copy, and locks it. One that a killed process has left is removed before.
fn make_copy(copy: &Path) -> Result<File, RestoreError> {
    if let Ok(left) = File::open(copy) {
        match left.try_lock() {
            Ok(()) => remove_copy(copy),
            Err(TryLockError::WouldBlock) => return Err(RestoreError::UnderWay),
            Err(TryLockError::Error(error)) => return Err(at(copy)(error)),
        }
    }
    make_private_file(copy).map_err(at(copy))?;
    let file = File::options().write(true).open(copy).map_err(at(copy))?;
    file.lock().map_err(at(copy))?;
    Ok(file)
}

fn remove_copy(copy: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(beside(copy, suffix));
    }
}

fn lock_database(database: &Path, place: &str) -> Result<Option<File>, RestoreError> {
    match lock_whole(database) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(RestoreError::InUse(OpenError::InUse(place.to_owned())))
        }
        Err(error) => Err(at(database)(error)),
    }
}

impl Drop for StagedBackup {
    fn drop(&mut self) {
        remove_copy(&self.copy);
    }
}
