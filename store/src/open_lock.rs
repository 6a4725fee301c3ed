//! One process at a time opens a SQLite file. On an empty one that means switching it to WAL and making its tables, and
//! where two processes do so at once, SQLite tells the second that the database is locked, without letting it wait.

use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

/// How long others may take to open it. The turn is a courtesy: who has waited in vain goes on without.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often to look whether it is our turn.
const INTERVAL: Duration = Duration::from_millis(20);

/// The turn lasts until this is dropped, or the process ends.
#[derive(Debug)]
pub struct OpenLock {
    _directory: Option<File>,
}

impl OpenLock {
    /// Waits for the turn to open a database. It is the directory that is locked, not the file: SQLite's own locks on
    /// the file would go when another descriptor of it is closed, and a file for the purpose would lie about for ever.
    pub async fn wait(database: &Path) -> Self {
        let directory = database.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Where the directory is missing or can't be locked, SQLite has the word.
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
