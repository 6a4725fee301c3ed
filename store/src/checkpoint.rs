//! SQLite's log: folding it into the file, and whether commits can be told by it.

use std::sync::Arc;

use super::{Store, pool::Pool, wal_index::WalIndex};

impl Store {
    /// Folds SQLite's log into the file, beside the writes. Otherwise every hundredth revoke or so would have to do it
    /// before it is acknowledged.
    pub async fn checkpoint(&self) -> crate::Result<()> {
        if let Pool::Sqlite { readers, .. } = &self.0 {
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *readers.acquire().await?).await?;
        }
        Ok(())
    }

    /// The commits to a SQLite file that a connection of this process has open; `None` where there is no such thing.
    #[must_use]
    pub fn commits(&self) -> Option<WalIndex> {
        match &self.0 {
            Pool::Sqlite { file, .. } => WalIndex::open(Arc::clone(file)).ok(),
            Pool::Postgres(_) => None,
        }
    }

    /// Whether [`Store::commits`] can be relied on with this file system: it must notice a commit of our own.
    pub async fn notices_commits(&self, now: i64) -> crate::Result<bool> {
        let Some(commits) = self.commits() else { return Ok(false) };
        let before = commits.mark();
        self.probe(now).await?;
        let after = commits.mark();
        Ok(before.is_some() && after.is_some() && before != after)
    }
}
