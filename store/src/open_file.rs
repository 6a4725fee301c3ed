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
    identity: Identity,
    /// The log and its index with their identities. A commit stands in the log alone until it is copied into the file.
    companions: Vec<(PathBuf, Identity)>,
}

/// The device and the inode of a file.
type Identity = (u64, u64);

fn identity(path: &Path) -> io::Result<Identity> {
    let about = std::fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}

impl OpenFile {
    /// The connections of this process keep the file open, with its log and its index, so that SQLite replaces neither.
    pub fn new(path: &Path) -> io::Result<Self> {
        // The path is made absolute, because the working directory may change later.
        let path = std::path::absolute(path)?;
        let companion = |suffix| {
            let mut path = path.clone().into_os_string();
            path.push(suffix);
            let path = PathBuf::from(path);
            identity(&path).ok().map(|identity| (path, identity))
        };
        let companions = ["-wal", "-shm"].into_iter().filter_map(companion).collect();
        Ok(Self { identity: identity(&path)?, path, companions })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true when the path still names the file.
    pub fn is_in_place(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }

    /// Fails where the path names another file or none, or where that holds for the log or its index.
    pub fn require_in_place(&self) -> crate::Result<()> {
        let is_lost = |(path, known): &&(PathBuf, Identity)| !identity(path).is_ok_and(|found| found == *known);
        let lost = if self.is_in_place() {
            self.companions.iter().find(is_lost).map(|(path, _)| path)
        } else {
            Some(&self.path)
        };
        let Some(lost) = lost else { return Ok(()) };
        let lost = lost.display();
        let cure = "put it back, or stop the server, put the right file there without its old -wal and -shm, and start";
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("the database file {lost} was removed or replaced while it was in use; {cure}"),
        )
        .into())
    }
}
