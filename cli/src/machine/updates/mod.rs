//! Pending updates, as the machine's own package manager counts them from what it has downloaded already. Nothing is
//! downloaded, and root permissions are not needed.

mod apk;
mod apt;
mod dnf;
mod pacman;

use super::run::Programs;
use crate::{clock, output};
use std::path::Path;
use uptrakit_api::Timestamp;

/// A note gives the age of package lists that are older than this, in milliseconds.
const FRESH: i64 = 7 * 86_400_000;

/// The number of pending updates; `None` where it is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Updates {
    pub pending: Option<u32>,
    pub security: Option<u32>,
}

struct Manager {
    program: &'static str,
    /// The error is the end of a sentence that begins with "unknown,".
    count: fn(&Path, &Programs) -> Result<Updates, String>,
    /// Patterns of glob(7) for its package lists: folders that change with every download. The files in them are not
    /// compared, because some have the date of the archive.
    lists: &'static [&'static str],
    refresh: &'static str,
}

/// The first package manager that is installed is asked.
const MANAGERS: [Manager; 4] = [
    Manager {
        program: "apt-get",
        count: apt::count,
        lists: &["var/lib/apt/lists", "var/lib/apt/lists/partial", "var/lib/apt/periodic/update-success-stamp"],
        refresh: "apt-get update",
    },
    Manager {
        program: "dnf",
        count: dnf::count,
        lists: &[
            "var/cache/dnf/*",
            "var/cache/dnf/*/repodata",
            "var/cache/libdnf5/*",
            "var/cache/libdnf5/*/repodata",
            "var/tmp/dnf-*/*",
            "home/*/.cache/libdnf5/*",
        ],
        refresh: "dnf makecache",
    },
    Manager { program: "apk", count: apk::count, lists: &["var/cache/apk", "etc/apk/cache"], refresh: "apk update" },
    Manager { program: "pacman", count: pacman::count, lists: &["var/lib/pacman/sync"], refresh: "pacman -Sy" },
];

pub fn count(root: &Path, programs: &Programs, now: Timestamp, notes: &mut Vec<String>) -> Updates {
    let Some(manager) = MANAGERS.iter().find(|manager| programs.find(manager.program).is_some()) else {
        notes.push("pending updates: unknown, because there is none of apt, dnf, apk and pacman here".to_owned());
        return Updates::default();
    };
    let updates = match (manager.count)(root, programs) {
        Ok(updates) => updates,
        Err(why) => {
            notes.push(format!("pending updates: unknown, {why}"));
            return Updates::default();
        }
    };
    if updates.security.is_none() {
        notes.push("security updates: unknown, this package manager does not tell them from others".to_owned());
    }
    if let Some(age) = age(root, manager.lists, now).filter(|age| *age > FRESH) {
        let length = output::length(age / 1_000);
        notes.push(format!("updates: counted from package lists that are {length} old; run `{}`", manager.refresh));
    }
    updates
}

/// Returns the time since the newest of these paths changed, in milliseconds.
fn age(root: &Path, patterns: &[&str], now: Timestamp) -> Option<i64> {
    let root = root.to_str().map(glob::Pattern::escape)?;
    let paths = patterns.iter().filter_map(|pattern| glob::glob(&format!("{root}/{pattern}")).ok()).flatten();
    let changes = paths.filter_map(|path| path.ok()?.metadata().ok()?.modified().ok());
    let newest = changes.max()?;
    Some(now.0 - clock::millis(newest).0)
}

fn number(count: usize) -> Option<u32> {
    u32::try_from(count).ok()
}

#[cfg(test)]
mod tests {
    use super::{MANAGERS, Updates, count};
    use crate::{
        clock,
        machine::{kernel::tests::write, run::Programs},
    };
    use std::{
        fs::{self, File},
        os::unix::fs::PermissionsExt,
        path::Path,
        time::{Duration, SystemTime},
    };
    use uptrakit_api::Timestamp;

    const NOW: u64 = 2_000_000_000;
    const DAY: u64 = 86_400;

    fn machine(program: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("bin").join(program);
        write(root.path(), &format!("bin/{program}"), "#!/bin/sh\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        root
    }

    fn changed(path: &Path, before: u64) {
        let instant = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - before);
        File::open(path).unwrap().set_modified(instant).unwrap();
        assert_eq!(clock::millis(path.metadata().unwrap().modified().unwrap()).0, instant_millis(before));
    }

    fn instant_millis(before: u64) -> i64 {
        i64::try_from((NOW - before) * 1_000).unwrap()
    }

    fn counted(root: &Path) -> (Updates, Vec<String>) {
        let mut notes = Vec::new();
        let programs = Programs::in_folder(root.join("bin"));
        let updates = count(root, &programs, Timestamp(instant_millis(0)), &mut notes);
        notes.retain(|note| !note.starts_with("security updates: unknown"));
        (updates, notes)
    }

    #[test]
    fn counts_from_package_lists_older_than_a_week_say_their_age() {
        for (program, folder) in [
            ("apt-get", "var/lib/apt/lists"),
            ("dnf", "var/cache/dnf/fedora-1234"),
            ("dnf", "var/cache/libdnf5/fedora-1234"),
            ("apk", "var/cache/apk"),
            ("pacman", "var/lib/pacman/sync"),
        ] {
            let root = machine(program);
            write(root.path(), &format!("{folder}/archive_main_Packages"), "");
            let refresh = MANAGERS.iter().find(|manager| manager.program == program).unwrap().refresh;
            for (days, said) in [
                (6, vec![]),
                (12, vec![format!("updates: counted from package lists that are 12 d old; run `{refresh}`")]),
            ] {
                changed(&root.path().join(folder), days * DAY);
                let (updates, notes) = counted(root.path());
                assert_eq!((updates.pending, notes), (Some(0), said), "{folder}");
            }
        }
    }

    #[test]
    fn the_newest_sign_of_a_download_counts() {
        let root = machine("apt-get");
        write(root.path(), "var/lib/apt/lists/archive_main_Packages", "");
        write(root.path(), "var/lib/apt/periodic/update-success-stamp", "");
        changed(&root.path().join("var/lib/apt/lists"), 30 * DAY);
        changed(&root.path().join("var/lib/apt/periodic/update-success-stamp"), DAY);
        assert_eq!(counted(root.path()).1, Vec::<String>::new());
    }

    #[test]
    fn a_package_manager_without_lists_knows_nothing() {
        let root = machine("apt-get");
        let (updates, notes) = counted(root.path());
        assert_eq!(updates, Updates::default());
        assert_eq!(notes, ["pending updates: unknown, because apt has no package lists yet; run `apt-get update`"]);
        let (updates, notes) = counted(tempfile::tempdir().unwrap().path());
        assert_eq!((updates, notes.len()), (Updates::default(), 1));
    }
}
