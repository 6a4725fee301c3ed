//! Debian and its descendants: what `apt-get` would install, and whether a security archive has it.

use super::{Updates, number};
use crate::machine::run::Programs;
use std::fs;

const LISTS: &str = "/var/lib/apt/lists";

/// Counts.
pub fn count(programs: &Programs) -> Result<Updates, String> {
    // Without lists apt-get finds nothing to do, which is not the same as being up to date.
    let mut lists = fs::read_dir(LISTS).map_err(|_| no_lists())?.filter_map(Result::ok);
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

/// Lines such as `Inst bash [5.2-1] (5.2-2 Debian-Security:12/stable-security [amd64])`. A package without a version in
/// square brackets before the round ones is new: it comes with an update and is none itself.
fn read(text: &str) -> Updates {
    let updates = text.lines().filter_map(|line| {
        let (package, origin) = line.strip_prefix("Inst ")?.split_once(" (")?;
        package.contains(" [").then_some(origin)
    });
    // The first word in the brackets is the version; the archives follow it.
    let archives: Vec<&str> =
        updates.map(|origin| origin.split_once(' ').map_or("", |(_, archives)| archives)).collect();
    let security = archives.iter().filter(|archives| archives.to_ascii_lowercase().contains("security")).count();
    Updates { pending: number(archives.len()), security: number(security) }
}

#[cfg(test)]
mod tests {
    use super::read;
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
}
