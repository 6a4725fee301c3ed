//! Opening of a SQLite file, by one process at a time, and the settings of its connections.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Store,
    database_url::{must_exist, place},
    error::{SQLITE_NOTADB, message, plain, sqlite_code},
    leftover_log,
    migrate::{self, State},
    open_file::OpenFile,
    open_lock::OpenLock,
    opening::{OpenError, Opening},
    pool::{ACQUIRE_TIMEOUT, Pool},
    private_file::make_private_file,
    requirements,
};

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of pages that SQLite's log may have, 64 MiB in all, before a commit copies it into the file; see
/// [`Store::checkpoint`].
const LONGEST_LOG: &str = "16384";
/// Number of connections that read a SQLite file. Each is a thread, and reads take microseconds.
const SQLITE_READERS: u32 = 4;

pub(super) async fn open(url: &str, opening: Opening) -> Result<(Store, State), OpenError> {
    let options = SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        // The mode is FULL and not NORMAL, because an acknowledged revoke must survive a crash of the machine.
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", LONGEST_LOG)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let file = file_of(url)?;
    let unreachable = |error: sqlx::Error| OpenError::Unreachable { place: place(url), cause: cause(&error, &file) };
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            // When the disk fails, SQLite ends the transaction by itself and sqlx goes on counting it. Such a
            // connection never begins another transaction, so that it is discarded.
            .before_acquire(|conn, _| Box::pin(std::future::ready(Ok(!conn.is_in_transaction()))))
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let _turn = OpenLock::wait(&file).await;
    leftover_log::refuse(&file, matches!(opening, Opening::Serve | Opening::Migrate)).await?;
    if !file.exists() {
        match opening {
            Opening::Serve | Opening::Migrate if !must_exist(url) => {
                make_private_file(&file).map_err(|error| unreachable(error.into()))?;
            }
            _ => return Err(OpenError::Missing(file)),
        }
    }
    // The writer connects first, because it switches a new file to WAL.
    let writer = pool(1).connect_with(options.clone()).await.map_err(unreachable)?;
    let state = match opening {
        // A copy is made of the database in any version.
        Opening::Copy => State::Current,
        Opening::Use => migrate::state_of_sqlite(&writer).await?.require_current()?,
        Opening::Serve | Opening::Migrate => {
            let found = migrate::state_of_sqlite(&writer).await?;
            if found.state != State::Current {
                migrate::migrate_sqlite(&writer).await?;
            }
            found.log_up_to_date(&migrate::SQLITE_MIGRATIONS);
            found.state
        }
    };
    if opening != Opening::Copy {
        require_writable(&writer).await.map_err(unreachable)?;
        let lost = sqlx::query_scalar(requirements::TABLES_WITHOUT_THEIR_ROW);
        requirements::refuse_lost_row(lost.fetch_optional(&writer).await?)?;
    }
    let aside = pool(1).connect_lazy_with(options.clone().synchronous(SqliteSynchronous::Normal));
    let readers = pool(SQLITE_READERS).connect_lazy_with(options);
    let file = Arc::new(OpenFile::new(&file).map_err(sqlx::Error::Io)?);
    Ok((Store(Pool::Sqlite { readers, writer, aside, file }), state))
}

pub(super) fn file_of(url: &str) -> Result<PathBuf, OpenError> {
    Ok(SqliteConnectOptions::from_str(url)?.get_filename().to_owned())
}

/// Fails where SQLite can only read, which it reports at the first write. A lock of another process is no reason to
/// fail, and the check does not wait for it.
async fn require_writable(writer: &sqlx::SqlitePool) -> sqlx::Result<()> {
    let mut conn = writer.acquire().await?;
    sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut *conn).await?;
    // `BEGIN IMMEDIATE` would succeed where SQLite can only read, and begin a transaction that reads.
    let written = sqlx::raw_sql("DELETE FROM readiness WHERE false").execute(&mut *conn).await;
    let timeout = BUSY_TIMEOUT.as_millis();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA busy_timeout = {timeout}"))).execute(&mut *conn).await?;
    written.map(drop).or_else(|error| if sqlite_code(&error) == Some(SQLITE_READONLY) { Err(error) } else { Ok(()) })
}

const SQLITE_READONLY: i32 = 8;
const SQLITE_CANTOPEN: i32 = 14;

/// Returns why a file can't be used, and what to do. SQLite itself only reports that it can't be used.
pub(super) fn cause(error: &sqlx::Error, file: &Path) -> String {
    let why = plain(error);
    let rights = "the user that runs this must be able to write the file, its -wal and -shm, and their directory";
    match sqlite_code(error) {
        Some(SQLITE_CANTOPEN) => match OpenOptions::new().read(true).write(true).open(file) {
            Ok(_) => format!("{why}; {rights}"),
            Err(error) => cause(&error.into(), file),
        },
        Some(SQLITE_READONLY) => format!("it can't be written; {rights}"),
        Some(SQLITE_NOTADB) => format!("{}; name another file, or restore a backup", message(error)),
        _ => match error {
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => format!("{why}; {rights}"),
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                format!("{why}; make the directory first, or name a file in another one")
            }
            _ => why,
        },
    }
}
