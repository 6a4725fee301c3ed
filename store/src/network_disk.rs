//! Detection of files on network file systems. SQLite's log needs memory that all its users share, and locks that work.

use std::path::{Path, PathBuf};

/// Network file systems, by the names that Linux gives them. Those of FUSE have the prefix `fuse.`.
const KINDS: [&str; 14] = [
    "9p",
    "afs",
    "ceph",
    "cifs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "rclone",
    "smb3",
    "smbfs",
    "sshfs",
];

/// Returns the kind of the file system, if it is a network file system. `None` also when the kind can't be found out.
pub(super) fn kind_of(file: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    find(&mounts, &file.canonicalize().ok()?)
}

/// Looks a path up in the text of `/proc/self/mountinfo` (proc(5)). The longest mount point above the path counts, and
/// of two mounts on one point the later one.
fn find(mounts: &str, file: &Path) -> Option<String> {
    let (_, kind) = mounts
        .lines()
        .filter_map(|line| {
            let (mount, about) = line.split_once(" - ")?;
            let point = unescape(mount.split(' ').nth(4)?);
            file.starts_with(&point).then_some((point, about.split(' ').next()?))
        })
        .max_by_key(|(point, _)| point.components().count())?;
    let bare = kind.strip_prefix("fuse.").unwrap_or(kind);
    KINDS.contains(&bare).then(|| kind.to_owned())
}

/// Decodes space, tab, line end and backslash, which the kernel writes as octal numbers.
fn unescape(text: &str) -> PathBuf {
    let text = text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\");
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    use super::{Path, find};

    #[test]
    fn the_file_system_is_that_of_the_nearest_mount_point() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 0:44 / /srv rw shared:2 - nfs4 nas:/srv rw\n\
                      31 30 8:2 / /srv/local rw - xfs /dev/sdb1 rw\n\
                      32 22 0:45 / /mnt/two\\040words rw - fuse.sshfs ada@nas: rw\n\
                      33 22 0:46 / /over rw - cifs //nas/x rw\n\
                      34 33 0:47 / /over rw - tmpfs tmpfs rw\n";
        for (file, kind) in [
            ("/var/lib/up.db", None),
            ("/srv/up.db", Some("nfs4")),
            ("/srv2/up.db", None),
            ("/srv/local/up.db", None),
            ("/mnt/two words/up.db", Some("fuse.sshfs")),
            ("/over/up.db", None),
        ] {
            assert_eq!(find(mounts, Path::new(file)).as_deref(), kind, "{file}");
        }
    }
}
