//! Whether the SQLite file that is open still is the one that its path names. A file that was removed, or replaced as by
//! a restore, stays open and goes on taking writes that no later start will find: nothing may be acknowledged there, and
//! no token judged by it.

use std::{
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// The file as it was opened.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl OpenFile {
    /// Takes note of a file that a connection has just opened.
    pub fn new(path: &Path) -> io::Result<Self> {
        // Relative to where the program is now, which may change.
        let path = std::path::absolute(path)?;
        let about = std::fs::metadata(&path)?;
        Ok(Self { path, device: about.dev(), inode: about.ino() })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path names it still.
    pub fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|about| (about.dev(), about.ino()) == (self.device, self.inode))
    }

    /// Fails where the path names it no more.
    pub fn require_in_place(&self) -> crate::Result<()> {
        if self.is_in_place() {
            return Ok(());
        }
        let path = self.path.display();
        let cure = "put it back, or stop the server, put the right file there without its old -wal and -shm, and start";
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("the database file {path} was removed or replaced while it was in use; {cure}"),
        )
        .into())
    }
}
