//! The installed kernels: which of them a restart could boot, and whether one is newer than the running one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

const MODULES: &str = "lib/modules";
const BOOT: &str = "boot";
/// Distributions name the images in `/boot` with these prefixes; the release follows.
const IMAGES: [&str; 4] = ["vmlinuz-", "vmlinux-", "Image-", "kernel-"];
/// Distributions use these names for an image in the folder of its modules.
const OWN_IMAGES: [&str; 3] = ["vmlinuz", "vmlinux", "Image"];
/// Distributions name a kernel's initial disk with these texts before and after the release.
const INITIAL_DISKS: [(&str, &str); 3] = [("initrd.img-", ""), ("initramfs-", ".img"), ("initrd-", "")];

/// Returns true when a kernel newer than the running one is installed completely. A kernel of another flavour
/// (`-cloud`, `-lts`) is not newer. The error is the end of a sentence that begins with "unknown,".
pub fn newer_waits(root: &Path, running: &str) -> Result<bool, String> {
    let entries = fs::read_dir(root.join(MODULES)).map(|entries| entries.filter_map(Result::ok).collect());
    let names: Vec<_> = entries.unwrap_or_else(|_| Vec::new()).into_iter().map(|entry| entry.file_name()).collect();
    let releases: Vec<&str> = names.iter().filter_map(|name| name.to_str()).collect();
    if releases.is_empty() {
        return Err("because no kernel is installed here".to_owned());
    }
    let of_flavour = releases.iter().filter(|release| flavour(release) == flavour(running));
    let states: Vec<(&str, State)> = of_flavour.map(|release| (*release, State::of(root, release, running))).collect();
    let is_newer = |release: &str| version(release) > version(running);
    let newer = |wanted: State| states.iter().any(|(release, state)| *state == wanted && is_newer(release));
    if newer(State::Complete) {
        Ok(true)
    } else if newer(State::Unreadable) {
        Err(format!("because only root may look into /{BOOT}"))
    } else if releases.contains(&running) || states.iter().any(|(_, state)| *state == State::Complete) {
        Ok(false)
    } else {
        Err("because the running kernel is none of those that are installed".to_owned())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A restart could boot this kernel.
    Complete,
    /// There are only headers, or files that an update or a removal left behind.
    Partial,
    /// The image may be in a folder that this user may not read.
    Unreadable,
}

impl State {
    fn of(root: &Path, release: &str, running: &str) -> Self {
        let modules = root.join(MODULES).join(release);
        // The package brings `modules.builtin` or `kernel`, and `modules.dep` is written once the whole package is in
        // place. Headers have neither, and a folder that holds only modules built here has no list of built-in ones.
        let has_modules = modules.join("modules.builtin").exists() || modules.join("kernel").is_dir();
        if !(has_modules && modules.join("modules.dep").exists()) {
            return Self::Partial;
        }
        let boot = root.join(BOOT);
        let images = OWN_IMAGES.iter().map(|name| modules.join(name));
        let images = images.chain(IMAGES.iter().map(|name| boot.join(format!("{name}{release}"))));
        let found: Vec<_> = images.chain(image_by_flavour(root, release)).map(|path| is_file(&path)).collect();
        if found.contains(&Ok(true)) {
            // If the running kernel has an initial disk, another kernel needs one, too.
            let lacks = |(before, behind): &(&str, &str)| {
                let has = |release| is_file(&boot.join(format!("{before}{release}{behind}"))) == Ok(true);
                has(running) && !has(release)
            };
            return if INITIAL_DISKS.iter().any(lacks) { Self::Partial } else { Self::Complete };
        }
        if found.iter().any(Result::is_err) { Self::Unreadable } else { Self::Partial }
    }
}

/// Returns the image that Alpine names after the kernel's flavour, if it is of this release. Alpine records the release
/// in another file.
fn image_by_flavour(root: &Path, release: &str) -> Option<PathBuf> {
    let flavour = flavour(release);
    let written = fs::read_to_string(root.join("usr/share/kernel").join(&flavour).join("kernel.release")).ok()?;
    (written.trim() == release).then(|| root.join(BOOT).join(format!("vmlinuz-{flavour}")))
}

/// Returns true for a file that is not empty. The error means that this user may not look.
fn is_file(path: &Path) -> Result<bool, ()> {
    match path.metadata() {
        Ok(meta) => Ok(meta.is_file() && meta.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(()),
        Err(_) => Ok(false),
    }
}

/// Returns the flavour of a kernel: `cloud-amd64` for `6.1.0-40-cloud-amd64`, nothing for `6.9.4-arch1-1`, and only the
/// letters of the last part for `5.15.0-200.el9uek.x86_64`, where they are mixed with digits.
fn flavour(release: &str) -> String {
    let pieces: Vec<&str> = release.split('-').skip(1).collect();
    let begins_with_digit = |piece: &&str| piece.starts_with(|c: char| c.is_ascii_digit());
    match pieces.last() {
        Some(last) if begins_with_digit(last) => last.chars().filter(char::is_ascii_alphabetic).collect(),
        _ => {
            let start = pieces.iter().rposition(begins_with_digit).map_or(0, |last| last + 1);
            pieces[start..].join("-")
        }
    }
}

/// A piece of a version. The newer of two versions is the one whose first differing piece is greater in this order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    /// Pre-releases such as `rc` sort before the release.
    Before(&'a str),
    End,
    Word(&'a str),
    /// The number of digits and the digits without leading zeros: so numbers of any length compare correctly.
    Number(usize, &'a str),
}

fn version(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_alike = |c: char| {
            if first.is_ascii_digit() { c.is_ascii_digit() } else { first.is_alphabetic() && c.is_alphabetic() }
        };
        let end = rest.find(|c| !is_alike(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        if first.is_ascii_digit() {
            let digits = piece.trim_start_matches('0');
            pieces.push(Piece::Number(digits.len(), digits));
        } else if ["rc", "alpha", "beta", "pre", "~"].contains(&piece) {
            pieces.push(Piece::Before(piece));
        } else if first.is_alphabetic() {
            pieces.push(Piece::Word(piece));
        }
    }
    pieces.push(Piece::End);
    pieces
}

#[cfg(test)]
pub mod tests {
    use super::{flavour, newer_waits, version};
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    const RUNNING: &str = "6.1.0-9-amd64";
    const NEW: &str = "6.1.0-40-amd64";

    pub fn write(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn complete(root: &Path, release: &str) {
        modules(root, release);
        write(root, &format!("boot/vmlinuz-{release}"), "x");
    }

    fn modules(root: &Path, release: &str) {
        for name in ["modules.builtin", "modules.dep", "kernel/fs/ext4.ko"] {
            write(root, &format!("lib/modules/{release}/{name}"), "x");
        }
    }

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        complete(root.path(), RUNNING);
        root
    }

    #[test]
    fn an_image_is_found_where_each_distribution_puts_it() {
        for (path, release) in [
            ("boot/vmlinuz-6.1.0-40-amd64", "6.1.0-40-amd64"),
            ("boot/vmlinux-6.1.0-40-amd64", "6.1.0-40-amd64"),
            ("boot/kernel-6.1.0-40-amd64", "6.1.0-40-amd64"),
            ("lib/modules/6.1.0-40-amd64/vmlinuz", "6.1.0-40-amd64"),
            ("lib/modules/6.1.0-40-amd64/Image", "6.1.0-40-amd64"),
        ] {
            let root = root();
            modules(root.path(), release);
            assert_eq!(newer_waits(root.path(), RUNNING), Ok(false), "{path}");
            write(root.path(), path, "x");
            assert_eq!(newer_waits(root.path(), RUNNING), Ok(true), "{path}");
        }
        // Alpine has removed the running kernel.
        let root = tempfile::tempdir().unwrap();
        modules(root.path(), "6.6.40-0-lts");
        write(root.path(), "boot/vmlinuz-lts", "x");
        assert!(newer_waits(root.path(), "6.6.32-0-lts").is_err());
        write(root.path(), "usr/share/kernel/lts/kernel.release", "6.6.40-0-lts\n");
        assert_eq!(newer_waits(root.path(), "6.6.32-0-lts"), Ok(true));
    }

    #[test]
    fn headers_and_leftovers_are_no_kernel() {
        let image = format!("boot/vmlinuz-{NEW}");
        for files in [
            // Only headers are installed.
            &[format!("lib/modules/{NEW}/build/Makefile")][..],
            // These modules were built here for a kernel that is gone.
            &[format!("lib/modules/{NEW}/updates/dkms/zfs.ko"), format!("lib/modules/{NEW}/modules.dep")],
            &[
                format!("lib/modules/{NEW}/updates/dkms/zfs.ko"),
                format!("lib/modules/{NEW}/modules.dep"),
                image.clone(),
            ],
            // The package is unpacked, but not yet set up.
            &[format!("lib/modules/{NEW}/modules.builtin"), format!("lib/modules/{NEW}/kernel/x.ko"), image.clone()],
            // Only the image is there.
            &[image],
        ] {
            let root = root();
            for file in files {
                write(root.path(), file, "x");
            }
            assert_eq!(newer_waits(root.path(), RUNNING), Ok(false), "{files:?}");
        }
    }

    #[test]
    fn an_image_that_a_full_disk_cut_short_is_no_kernel() {
        let root = root();
        modules(root.path(), NEW);
        write(root.path(), &format!("boot/vmlinuz-{NEW}"), "");
        assert_eq!(newer_waits(root.path(), RUNNING), Ok(false));
    }

    #[test]
    fn a_kernel_without_the_initial_disk_that_the_running_one_has_is_not_complete() {
        for (before, behind) in super::INITIAL_DISKS {
            let root = root();
            complete(root.path(), NEW);
            write(root.path(), &format!("boot/{before}{RUNNING}{behind}"), "x");
            assert_eq!(newer_waits(root.path(), RUNNING), Ok(false), "{before}");
            write(root.path(), &format!("boot/{before}{NEW}{behind}"), "x");
            assert_eq!(newer_waits(root.path(), RUNNING), Ok(true), "{before}");
        }
    }

    #[test]
    fn a_running_kernel_that_an_update_replaced_waits_for_a_restart() {
        let root = tempfile::tempdir().unwrap();
        modules(root.path(), "6.9.5-arch1-1");
        write(root.path(), "lib/modules/6.9.5-arch1-1/vmlinuz", "x");
        assert_eq!(newer_waits(root.path(), "6.9.4-arch1-1"), Ok(true));
        assert_eq!(newer_waits(root.path(), "6.9.6-arch1-1"), Ok(false), "it was replaced by an older one");
        // The host of a virtual machine provides this kernel.
        let why = newer_waits(root.path(), "6.1.0-host").unwrap_err();
        assert_eq!(why, "because the running kernel is none of those that are installed");
    }

    #[test]
    fn where_no_kernel_is_installed_nothing_is_known() {
        let root = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            assert_eq!(newer_waits(root.path(), RUNNING).unwrap_err(), "because no kernel is installed here");
            fs::create_dir_all(root.path().join("lib/modules")).unwrap();
        }
    }

    #[test]
    fn a_boot_folder_that_can_not_be_read_leaves_it_unknown() {
        let root = root();
        modules(root.path(), NEW);
        let boot = root.path().join("boot");
        fs::set_permissions(&boot, fs::Permissions::from_mode(0o000)).unwrap();
        let said = newer_waits(root.path(), RUNNING);
        // Root may look everywhere, and sees that there is no image.
        let expected = if fs::read_dir(&boot).is_ok() {
            Ok(false)
        } else {
            Err("because only root may look into /boot".to_owned())
        };
        fs::set_permissions(&boot, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(said, expected);
    }

    #[test]
    fn kernels_of_another_flavour_are_not_newer() {
        for (running, other) in [
            ("6.1.0-9-amd64", "6.1.0-40-cloud-amd64"),
            ("6.6.32-0-lts", "6.9.0-0-edge"),
            ("5.14.0-427.el9.x86_64", "5.15.0-200.el9uek.x86_64"),
            ("6.9.4-arch1-1", "6.9.9-zen1-1-zen"),
            ("6.6.20+rpt-rpi-v7", "6.6.20+rpt-rpi-v8"),
        ] {
            let root = tempfile::tempdir().unwrap();
            complete(root.path(), running);
            complete(root.path(), other);
            assert_eq!(newer_waits(root.path(), running), Ok(false), "{running} {other}");
        }
        for (one, other) in [
            ("6.9.4-arch1-1", "6.9.5-arch2-1"),
            ("6.8.10-300.fc40.x86_64", "6.9.4-100.fc39.x86_64"),
            ("5.14.0-427.el9.x86_64", "5.14.0-427.13.1.el9_4.x86_64"),
            ("6.4.0-150600.21-default", "6.4.0-150600.23.7-default"),
        ] {
            assert_eq!(flavour(one), flavour(other));
        }
    }

    #[test]
    fn versions_are_compared_number_by_number() {
        for (older, newer) in [
            ("6.1.0-9-amd64", "6.1.0-40-amd64"),
            ("6.8.0-99-generic", "6.8.0-101-generic"),
            ("6.9.4", "6.10.0"),
            ("6.9.4", "6.9.4-1"),
            ("6.10.0-rc3", "6.10.0"),
            ("6.10.0-rc3", "6.10.0-1-mainline"),
            ("6.10-rc7-amd64", "6.10.3-amd64"),
            ("6.10.0-rc9", "6.10.0-rc10"),
            ("6.1.0~1", "6.1.0"),
            ("5.14.0-427.el9.x86_64", "5.14.0-427.13.1.el9_4.x86_64"),
            ("2.6.32-754.el6", "2.6.32-754.35.1.el6"),
            ("6.9.4-arch1-1", "6.9.4-arch2-1"),
            ("5.4.0-99999999999999999999", "5.4.0-100000000000000000000"),
        ] {
            assert!(version(older) < version(newer), "{older} {newer}");
        }
        assert_eq!(version("6.01.0-9"), version("6.1.0_9"));
        assert_eq!(version("6.1.0"), version("6.1.00"));
    }
}
