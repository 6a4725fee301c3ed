//! Detects containers. A container has packages of its own, but its kernel is the host's.

use super::run::Programs;
use std::{fs, path::Path};

/// These files hold the name of the container manager. One is systemd's; the other belongs to the interface that
/// container managers share.
const NAMES: [&str; 2] = ["run/systemd/container", "run/host/container-manager"];
const MARKS: [(&str, &str); 3] =
    [(".dockerenv", "docker"), ("run/.containerenv", "podman"), ("run/secrets/kubernetes.io", "kubernetes")];

pub fn kind(root: &Path, programs: &Programs) -> Option<String> {
    let named = NAMES.iter().filter_map(|path| fs::read_to_string(root.join(path)).ok());
    let marked = MARKS.iter().filter(|(path, _)| root.join(path).exists()).map(|(_, kind)| (*kind).to_owned());
    named.chain(marked).chain(detected(programs)).find_map(|kind| {
        let kind = kind.trim();
        (!kind.is_empty()).then(|| crate::text::printable(kind))
    })
}

fn detected(programs: &Programs) -> Option<String> {
    let said = programs.run("systemd-detect-virt", &["--container"]).ok()?;
    // The program prints `none` and exits with 1 where there is no container.
    (said.code == Some(0)).then_some(said.text)
}

#[cfg(test)]
mod tests {
    use super::kind;
    use crate::machine::{kernel::tests::write, run::Programs};
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn containers_are_known_by_what_their_managers_leave() {
        for (path, content, expected) in [
            ("run/systemd/container", "lxc\n", "lxc"),
            ("run/host/container-manager", "systemd-nspawn\n", "systemd-nspawn"),
            (".dockerenv", "", "docker"),
            ("run/.containerenv", "", "podman"),
            ("run/secrets/kubernetes.io/serviceaccount/token", "x", "kubernetes"),
        ] {
            let root = tempfile::tempdir().unwrap();
            let programs = Programs::in_folder(root.path().join("bin"));
            assert_eq!(kind(root.path(), &programs), None);
            write(root.path(), path, content);
            assert_eq!(kind(root.path(), &programs).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn systemd_is_asked_where_it_is_there() {
        for (script, expected) in [("echo wsl", Some("wsl")), ("echo none; exit 1", None)] {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), "bin/systemd-detect-virt", &format!("#!/bin/sh\n{script}\n"));
            let path = root.path().join("bin/systemd-detect-virt");
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
            let programs = Programs::in_folder(root.path().join("bin"));
            assert_eq!(kind(root.path(), &programs).as_deref(), expected, "{script}");
        }
    }
}
