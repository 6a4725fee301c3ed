//! Detection of a SQLite file that was removed, replaced or overwritten, as by a restore, while it is open. Such a file
//! goes on taking writes that no later start will find, so that no write to it may be acknowledged and no token may be
//! checked by it.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, fcntl_lock},
    io::Errno,
};

use super::{
    foreign_write::{ForeignWrites, Stamp},
    kept_file::{open_for_ever, open_index},
};

#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    identity: Identity,
    /// The log and its index with their identities. A commit stands in the log alone until it is copied into the file.
    companions: Vec<(PathBuf, Identity)>,
    /// `None` where the index of the log can't be read.
    foreign_writes: Option<ForeignWrites>,
}

/// The device and the inode of a file.
type Identity = (u64, u64);

fn identity(path: &Path) -> io::Result<Identity> {
    Ok(identity_of(&std::fs::metadata(path)?))
}

fn identity_of(about: &Metadata) -> Identity {
    (about.dev(), about.ino())
}

/// Locks a whole file for this process, until what is returned is dropped. Every connection to a SQLite file holds a lock
/// on a part of it, so that this fails with `WouldBlock` where another process has one. Not to be used where this process
/// itself has the file open: POSIX would release the locks of its connections.
pub(super) fn lock_whole(file: &Path) -> io::Result<File> {
    let file = File::options().read(true).write(true).open(file)?;
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        // POSIX lets a system choose one of the two.
        Err(Errno::ACCESS | Errno::AGAIN) => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(error.into()),
    }
}

impl OpenFile {
    /// The connections of this process keep the file open, with its log and its index, so that SQLite replaces neither.
    pub fn new(path: &Path) -> io::Result<Self> {
        // The path is made absolute, because the working directory may change later.
        let path = std::path::absolute(path)?;
        // SQLite keeps the log beside the file that a link leads to.
        let real = path.canonicalize()?;
        let companion = |suffix| {
            let mut path = real.clone().into_os_string();
            path.push(suffix);
            let path = PathBuf::from(path);
            identity(&path).ok().map(|identity| (path, identity))
        };
        let companions = ["-wal", "-shm"].into_iter().filter_map(companion).collect();
        let foreign_writes =
            open_for_ever(&path).and_then(|file| Ok(ForeignWrites::new(file, open_index(&path)?))).ok();
        let file = Self { identity: identity(&path)?, path, companions, foreign_writes };
        file.is_overwritten();
        Ok(file)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the last write into the file; `None` when the path no longer names the file.
    pub fn stamp_in_place(&self) -> Option<Stamp> {
        let about = std::fs::metadata(&self.path).ok()?;
        (identity_of(&about) == self.identity).then(|| Stamp::of(&about))
    }

    fn is_overwritten(&self) -> bool {
        self.foreign_writes.as_ref().is_some_and(|writes| writes.found(|| self.stamp_in_place()))
    }

    /// Fails where the path names another file or none, or where that holds for the log or its index, and where another
    /// program has written into the file.
    pub fn require_in_place(&self) -> crate::Result<()> {
        let is_lost = |(path, known): &&(PathBuf, Identity)| !identity(path).is_ok_and(|found| found == *known);
        let lost = if self.stamp_in_place().is_some() {
            self.companions.iter().find(is_lost).map(|(path, _)| path)
        } else {
            Some(&self.path)
        };
        let cure = "stop the server, put the right file there without its old -wal and -shm, and start";
        let why = match lost {
            Some(lost) => {
                let lost = lost.display();
                format!("the database file {lost} was removed or replaced while it was in use; put it back, or {cure}")
            }
            None if self.is_overwritten() => format!(
                "another program has written into the database file {} while it was in use, as a copy to that place \
                 does; {cure}",
                self.path.display()
            ),
            None => return Ok(()),
        };
        Err(io::Error::new(io::ErrorKind::NotFound, why).into())
    }
}
