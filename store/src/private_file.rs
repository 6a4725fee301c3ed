//! Files that hold the database: creating them for their owner alone, and making them durable.

use std::{
    fs::File,
    io,
    os::unix::fs::{MetadataExt as _, fchown},
    path::Path,
};

/// Creates an empty file that only its owner may read, because it will hold password hashes and digests.
pub(super) fn make_private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // The umask may have removed rights.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    give_to_owner_of_directory(&file, path);
    Ok(())
}

/// Gives a file that the superuser creates in the directory of a service to the service, which could not open it
/// otherwise. For other users the change of the owner fails, and the file stays theirs.
fn give_to_owner_of_directory(file: &File, path: &Path) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(about) = directory.metadata() else { return };
    let _ = fchown(file, Some(about.uid()), Some(about.gid()));
}

/// Returns when a file and its name are on disk.
pub(super) fn make_durable(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(directory)?.sync_all()
}
