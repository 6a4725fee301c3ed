//! Whether anything was committed to a SQLite file, told without asking SQLite, for the price of one system call. The
//! verifier uses it to skip reading the epoch while the file stands still.
//!
//! In WAL mode every commit, by whichever process, rewrites the header of the file's shared index (`-shm`; SQLite's
//! "WAL-mode File Format", section 2.1) before it returns. Where those bytes are what they were, nothing was committed
//! in between: they hold a count of transactions, a running checksum of the log and its random salts. They are
//! read, not mapped, for a page that is mapped by one process and read by another is one page on every system that
//! passes the test in [`WalIndex::open`].

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::open_file::OpenFile;

/// The two copies of the index's header; a writer updates the second copy first.
const HEADER: usize = 96;
/// Where the flag stands that the header is complete.
const IS_INIT: usize = 12;

/// The index of one database file.
#[derive(Clone, Debug)]
pub struct WalIndex {
    file: Arc<OpenFile>,
    index: &'static File,
}

/// All that was committed, up to some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalSnapshot([u8; HEADER]);

impl WalIndex {
    /// The index of a database that a connection of this process has open, and has read, and keeps open for as long as
    /// the value is used: SQLite may replace the index when nobody has the database open.
    pub fn open(file: Arc<OpenFile>) -> io::Result<Self> {
        /// Descriptors by device and inode, never closed: POSIX lets go of *all* locks that a process has on a file
        /// when it closes *any* descriptor of it, and SQLite's locks are such.
        static OPEN: Mutex<Option<HashMap<(u64, u64), &'static File>>> = Mutex::new(None);

        let path = index_path(file.path())?;
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        let about = std::fs::metadata(&path)?;
        if let Some(index) = open.get(&(about.dev(), about.ino())) {
            return Ok(Self { file, index });
        }
        let index: &'static File = Box::leak(Box::new(File::open(&path)?));
        let about = index.metadata()?;
        open.insert((about.dev(), about.ino()), index);
        Ok(Self { file, index })
    }

    /// All that is committed now; `None` where that can't be told, in the middle of a commit for one, or because the
    /// path names another file by now.
    #[must_use]
    pub fn mark(&self) -> Option<WalSnapshot> {
        let mut header = [0; HEADER];
        self.index.read_exact_at(&mut header, 0).ok()?;
        let (first, second) = header.split_at(HEADER / 2);
        (first == second && first[IS_INIT] != 0 && self.file.is_in_place()).then_some(WalSnapshot(header))
    }
}

fn index_path(database: &Path) -> io::Result<PathBuf> {
    let mut path = database.canonicalize()?.into_os_string();
    path.push("-shm");
    Ok(path.into())
}

#[cfg(test)]
mod tests {
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
            writer.probe(at).await.unwrap();
            let mark = commits.mark().expect("a mark");
            assert!(!seen.contains(&mark), "every commit that changes something leaves a mark of its own");
            seen.push(mark);
        }
        assert!(ours.notices_commits(1).await.unwrap());
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
        epoch::bump_epoch(&mut tx, uuid::Uuid::nil(), 1).await.ok();
        drop(tx);
        let _ = store.begin().await.unwrap();
        assert_eq!(commits.mark(), before);
    }
}
