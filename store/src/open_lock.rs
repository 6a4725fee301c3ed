//! A lock by which one process at a time opens a SQLite file. Opening an empty file switches it to WAL and creates its
//! tables. When two processes do so at once, SQLite reports to the second that the database is locked, without waiting.

use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

/// Longest wait for other processes. The lock is a courtesy: a process that has waited for this long opens the file
/// without it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(20);

/// The lock is held until this value is dropped, or the process ends.
#[derive(Debug)]
pub struct OpenLock {
    _directory: Option<File>,
}

impl OpenLock {
    /// Waits for the lock. The directory is locked and not the file, because SQLite's own locks on the file would be
    /// released when another descriptor of it is closed, and a separate lock file would remain for ever.
    pub async fn wait(database: &Path) -> Self {
        let directory = database.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Where the directory is missing or can't be opened, SQLite reports the error.
        let Ok(directory) = File::open(directory) else { return Self { _directory: None } };
        let began = Instant::now();
        while directory.try_lock().is_err() {
            if began.elapsed() > LONGEST_WAIT {
                return Self { _directory: None };
            }
            tokio::time::sleep(INTERVAL).await;
        }
        Self { _directory: Some(directory) }
    }
}
