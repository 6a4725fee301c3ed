//! Debian and its descendants: counts what `apt-get` would update, and how much of it comes from a security archive.

use super::{Updates, number};
use crate::machine::run::Programs;
use std::{fs, path::Path};

const LISTS: &str = "var/lib/apt/lists";

pub fn count(root: &Path, programs: &Programs) -> Result<Updates, String> {
    // Without lists apt-get finds nothing to do, which is not the same as being up to date.
    let mut lists = fs::read_dir(root.join(LISTS)).map_err(|_| no_lists())?.filter_map(Result::ok);
    if !lists.any(|entry| entry.file_name().to_string_lossy().contains("_Packages")) {
        return Err(no_lists());
    }
    let said = programs.run("apt-get", &["--simulate", "-o", "Debug::NoLocking=true", "dist-upgrade"])?;
    if said.code != Some(0) {
        return Err("because apt-get found the packages in disorder; `apt-get check` says more".to_owned());
    }
    Ok(read(&said.text))
}

fn no_lists() -> String {
    "because apt has no package lists yet; run `apt-get update`".to_owned()
}

/// Counts lines such as `Inst bash [5.2-1] (5.2-2 Debian-Security:12/stable-security [amd64])`. A package without a
/// version in square brackets before the round ones is new: it comes along with an update and does not count.
fn read(text: &str) -> Updates {
    let updates = text.lines().filter_map(|line| {
        let (package, origin) = line.strip_prefix("Inst ")?.split_once(" (")?;
        package.contains(" [").then_some(origin)
    });
    // The first word in the brackets is the version; the archives follow it.
    let archives: Vec<&str> =
        updates.map(|origin| origin.split_once(' ').map_or("", |(_, archives)| archives)).collect();
    let security = archives.iter().filter(|archives| archives.split(", ").any(is_security)).count();
    Updates { pending: number(archives.len()), security: number(security) }
}

/// Returns true for an archive of security updates. An archive is written `Label:Version/Archive`, with `[amd64])`
/// behind the last one, and the label is free text.
fn is_security(archive: &str) -> bool {
    let archive = archive.split(" [").next().unwrap_or_default();
    let (label, rest) = archive.rsplit_once(':').unwrap_or(("", archive));
    let name = rest.split_once('/').map_or(rest, |(_, name)| name);
    // Debian's releases up to 10 have no archive of this name, so the label is compared.
    name.ends_with("-security") || label == "Debian-Security"
}

#[cfg(test)]
mod tests {
    use super::{is_security, read};
    use crate::machine::updates::Updates;

    #[test]
    fn updates_are_counted_and_security_told_apart() {
        let text = "NOTE: This is only a simulation!\n\
            Inst base-files [12.4+deb12u11] (12.4+deb12u15 Debian:12.15/oldstable [amd64])\n\
            Inst libgcrypt20-dev [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []\n\
            Inst libnginx-mod-security [1.0-1] (1.0-2 Debian:12.15/oldstable [amd64])\n\
            Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian-Security:12/oldstable-security [amd64])\n\
            Conf base-files (12.4+deb12u15 Debian:12.15/oldstable [amd64])\n";
        assert_eq!(read(text), Updates { pending: Some(3), security: Some(1) });
        assert_eq!(read("Reading package lists...\n"), Updates { pending: Some(0), security: Some(0) });
    }

    #[test]
    fn security_is_told_by_the_archive_and_not_by_a_word_in_a_label() {
        for archive in [
            "Debian-Security:12/stable-security [amd64])",
            "Ubuntu:22.04/jammy-security [amd64])",
            "UbuntuESM:22.04/jammy-infra-security",
            "UbuntuESMApps:22.04/jammy-apps-security",
            "Debian-Security:10/oldoldstable [amd64])",
            "Devuan:stable-security [all])",
        ] {
            assert!(is_security(archive), "{archive}");
        }
        for archive in [
            "Acme Security Tools:1.0/stable [amd64])",
            "Acme Debian-Security Mirror:12/stable",
            "security:stable [amd64])",
            "Debian:12.15/oldstable",
            "Acme:security.example.org [amd64])",
            "localhost [amd64])",
            "",
        ] {
            assert!(!is_security(archive), "{archive}");
        }
        let text = "Inst agent [1.0] (1.1 Acme Security:1/stable, Other:2/main [amd64])\n\
            Inst bash [5.2-1] (5.2-2 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []\n";
        assert_eq!(read(text), Updates { pending: Some(2), security: Some(1) });
    }
}
