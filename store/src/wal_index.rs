//! Detection of commits to a SQLite file without asking SQLite, at the cost of a read of the index and a look at the
//! path. The verifier uses it to skip reading the epoch while the file is unchanged.
//!
//! In WAL mode every commit, by any process, rewrites the header of the file's shared index (`-shm`; SQLite's "WAL-mode
//! File Format", section 2.1) before it returns. While these bytes are unchanged, nothing was committed: they hold a
//! count of transactions, a running checksum of the log and its random salts. The header is read and not mapped,
//! because a page that one process maps and another one reads is the same page on every system on which
//! [`Store::notices_commits`](crate::Store::notices_commits) succeeds.

use std::{fs::File, io, os::unix::fs::FileExt as _, sync::Arc};

use super::{foreign_write::Stamp, kept_file::open_index, open_file::OpenFile};

/// Size in bytes of the two copies of the index's header. A writer updates the second copy first.
const HEADER: usize = 96;
/// Offset of the flag that says that the header is complete.
const IS_INIT: usize = 12;

#[derive(Clone, Debug)]
pub struct WalIndex {
    file: Arc<OpenFile>,
    index: &'static File,
}

/// The header of the index at some instant, with the last write into the file. While both are unchanged, nothing was
/// committed, and no other program has written into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalSnapshot([u8; HEADER], Stamp);

impl WalIndex {
    /// Opens the index of a database. A connection of this process must have read the database, and must keep it open
    /// for as long as the value is used, because SQLite may replace the index when no connection has the database open.
    pub fn open(file: Arc<OpenFile>) -> io::Result<Self> {
        Ok(Self { index: open_index(file.path())?, file })
    }

    /// Returns a snapshot of what is committed now; `None` when that can't be found out, as in the middle of a commit,
    /// or when the path names another file by now.
    #[must_use]
    pub fn mark(&self) -> Option<WalSnapshot> {
        let mut header = [0; HEADER];
        self.index.read_exact_at(&mut header, 0).ok()?;
        let (first, second) = header.split_at(HEADER / 2);
        if first != second || first[IS_INIT] == 0 {
            return None;
        }
        Some(WalSnapshot(header, self.file.stamp_in_place()?))
    }
}

#[cfg(test)]
mod tests {
    use uptrakit_api::{AccountId, Timestamp};

    use crate::{Store, epoch};

    async fn read(store: &Store) {
        epoch::get_epoch(store.read().await.unwrap().conn()).await.unwrap();
    }

    #[tokio::test]
    async fn a_commit_is_noticed_whoever_made_it_and_a_read_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let (ours, others) = (Store::open(&url, 1).await.unwrap(), Store::open(&url, 1).await.unwrap());
        let mut held = ours.read().await.unwrap();
        epoch::get_epoch(held.conn()).await.unwrap();
        let commits = ours.commits().expect("a file has commits");
        let mut seen = vec![commits.mark().expect("a mark")];
        for (at, writer) in (1..).zip([&ours, &others, &ours]) {
            read(&ours).await;
            read(&others).await;
            assert_eq!(commits.mark(), seen.last().copied(), "a read is no commit");
            writer.probe(Timestamp(at)).await.unwrap();
            let mark = commits.mark().expect("a mark");
            assert!(!seen.contains(&mark), "every commit that changes something leaves a mark of its own");
            seen.push(mark);
        }
        assert!(ours.notices_commits(Timestamp(1)).await.unwrap());
    }

    #[tokio::test]
    async fn a_transaction_that_is_undone_is_no_commit() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let store = Store::open(&url, 1).await.unwrap();
        read(&store).await;
        let commits = store.commits().expect("a file has commits");
        let before = commits.mark();
        let mut tx = store.begin().await.unwrap();
        epoch::bump_epoch(&mut tx, AccountId::NIL, Timestamp(1)).await.ok();
        drop(tx);
        let _ = store.begin().await.unwrap();
        assert_eq!(commits.mark(), before);
    }
}
