//! Detection of a write-ahead log (`-wal`) that is beside a SQLite file but belongs to another file, as when a backup
//! was put in place and the log of the former file was left. SQLite can't tell, and would write the log over the
//! backup.

use std::{fs::File, io, os::unix::fs::FileExt as _, path::Path};

use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{
    error::{plain, plain_io},
    opening::OpenError,
};

/// Refuses a file whose log can't be its own. With `thorough`, the integrity of the file together with its log is
/// checked as well, which reads the whole database.
pub(super) async fn refuse(file: &Path, thorough: bool) -> Result<(), OpenError> {
    let log = beside(file, "-wal");
    if log.metadata().map_or(0, |about| about.len()) == 0 {
        return Ok(());
    }
    let (database, log) = (file.display(), log.display());
    let remedy = format!("move {log} and {} away, then start again", beside(file, "-shm").display());
    match has_log(file) {
        Ok(true) => {}
        Ok(false) => {
            return Err(OpenError::Unfit(format!(
                "{log} is the log of another file than {database}, which it would damage; if a backup was put in \
                 place: {remedy}"
            )));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::Unfit(format!(
                "there is the log {log}, and no {database} that it belongs to; put that back, or {remedy} with a new \
                 database"
            )));
        }
        Err(error) => return Err(OpenError::Unfit(format!("{database} can't be read: {}", plain_io(&error)))),
    }
    if thorough && let Some(found) = find_damage(file).await {
        return Err(OpenError::Unfit(format!(
            "{database} and its log {log} don't fit together ({found}); if a backup was put in place: {remedy}; if \
             not, restore a backup"
        )));
    }
    Ok(())
}

fn beside(file: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns true when a database says that it has a log, which it does with read version 2 ("Database File Format",
/// section 1.3.3). A copy by `VACUUM INTO` has no log until a server uses it.
fn has_log(file: &Path) -> io::Result<bool> {
    const READ_VERSION: u64 = 19;
    let file = File::open(file)?;
    let mut version = [0];
    let read = file.read_at(&mut version, READ_VERSION);
    // The file is never closed: POSIX releases all locks that a process has on a file when the process closes any
    // descriptor of it, and SQLite's locks are of this kind.
    std::mem::forget(file);
    Ok(read? == 1 && version == [2])
}

/// Checks the file without changing it: a connection that could write would copy the log into the file when it is
/// closed.
async fn find_damage(file: &Path) -> Option<String> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).journal_mode(SqliteJournalMode::Wal);
    let check = async {
        let mut conn = options.connect().await?;
        let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut conn).await?;
        conn.close().await?;
        Ok(verdict)
    };
    match check.await {
        Ok(verdict) if verdict == "ok" => None,
        Ok(found) => Some(found.replace('\n', " ")),
        Err(error) => Some(plain(&error)),
    }
}
