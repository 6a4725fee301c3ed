//! Files of a database that are read beside SQLite, and stay open until the process ends.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Opens the index of a database that a connection of this process has read.
pub(super) fn open_index(database: &Path) -> io::Result<&'static File> {
    open_for_ever(&index_path(database)?)
}

pub(super) fn open_for_ever(path: &Path) -> io::Result<&'static File> {
    /// The descriptors by device and inode. They are never closed: POSIX releases *all* locks that a process has on a
    /// file when the process closes *any* descriptor of it, and SQLite's locks are of this kind.
    static OPEN: Mutex<Option<HashMap<(u64, u64), &'static File>>> = Mutex::new(None);

    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let open = open.get_or_insert_default();
    let about = std::fs::metadata(path)?;
    if let Some(file) = open.get(&(about.dev(), about.ino())) {
        return Ok(file);
    }
    let file: &'static File = Box::leak(Box::new(File::open(path)?));
    let about = file.metadata()?;
    open.insert((about.dev(), about.ino()), file);
    Ok(file)
}

fn index_path(database: &Path) -> io::Result<PathBuf> {
    let mut path = database.canonicalize()?.into_os_string();
    path.push("-shm");
    Ok(path.into())
}
