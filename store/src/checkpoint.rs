//! Checkpoints of SQLite's write-ahead log, and access to the index of the log, which shows commits.

use std::sync::Arc;
use uptrakit_api::Timestamp;

use super::{Store, pool::Pool, wal_index::WalIndex};

impl Store {
    /// Runs a checkpoint: copies SQLite's log into the file, while writes go on. Otherwise a revoke would have to do so
    /// from time to time before it is acknowledged.
    pub async fn checkpoint(&self) -> crate::Result<()> {
        if let Pool::Sqlite { readers, file, .. } = &self.0 {
            file.require_in_place()?;
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *readers.acquire().await?).await?;
        }
        Ok(())
    }

    /// Returns the index that shows the commits to a SQLite file that a connection of this process has open; `None` on
    /// Postgres, or when the index can't be opened.
    #[must_use]
    pub fn commits(&self) -> Option<WalIndex> {
        match &self.0 {
            Pool::Sqlite { file, .. } => WalIndex::open(Arc::clone(file)).ok(),
            Pool::Postgres(_) => None,
        }
    }

    /// Returns true when [`Store::commits`] is reliable on this file system, which means that it shows a commit of this
    /// process.
    pub async fn notices_commits(&self, now: Timestamp) -> crate::Result<bool> {
        let Some(commits) = self.commits() else { return Ok(false) };
        let before = commits.mark();
        self.probe(now).await?;
        let after = commits.mark();
        Ok(before.is_some() && after.is_some() && before != after)
    }
}
