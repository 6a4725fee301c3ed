//! Detection of a SQLite file that was removed, or replaced as by a restore, while it is open. Such a file goes on
//! taking writes that no later start will find, so that no write to it may be acknowledged and no token may be checked
//! by it.

use std::{
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl OpenFile {
    pub fn new(path: &Path) -> io::Result<Self> {
        // The path is made absolute, because the working directory may change later.
        let path = std::path::absolute(path)?;
        let about = std::fs::metadata(&path)?;
        Ok(Self { path, device: about.dev(), inode: about.ino() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|about| (about.dev(), about.ino()) == (self.device, self.inode))
    }

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
