//! Finds out whether a restart is due, that is, whether it would change what runs. Either the package manager has left
//! a sign, or a newer kernel is installed that the boot loader could start. Headers, incomplete kernels and those of a
//! container's host don't count.

use super::{container, kernel, run::Programs};
use std::{fs, path::Path};

/// Debian's and Ubuntu's packages create this file, and write their names into a second one with the suffix `PACKAGES`.
const SIGNS: [&str; 2] = ["run/reboot-required", "var/run/reboot-required"];
const PACKAGES: &str = ".pkgs";

/// Returns true when a restart is due. The error is the end of a sentence that begins with "unknown,".
pub fn required(root: &Path, programs: &Programs, running: &str) -> Result<bool, String> {
    if let Some(kind) = container::kind(root, programs) {
        return Err(format!("because this is a container ({kind}), whose kernel is the host's"));
    }
    let newer = kernel::newer_waits(root, running);
    if SIGNS.iter().any(|sign| root.join(sign).exists() && !(is_of_kernels(root, sign) && newer == Ok(false))) {
        return Ok(true);
    }
    if programs.find("dnf").is_some()
        && let Ok(said) = programs.run("dnf", &["--quiet", "--cacheonly", "needs-restarting", "--reboothint"])
    {
        // Without the plug-in dnf exits with 1 as well, but prints nothing about a restart.
        match said.code {
            Some(0) => return Ok(false),
            Some(1) if said.text.contains("Reboot is required") => return Ok(true),
            _ => {}
        }
    }
    newer
}

/// Returns true when only kernel packages have left a sign, which stays even after such a kernel is removed again.
fn is_of_kernels(root: &Path, sign: &str) -> bool {
    let packages = fs::read_to_string(root.join(format!("{sign}{PACKAGES}"))).unwrap_or_default();
    let is_kernel = |package: &str| package.starts_with("linux-image-") || package == "linux-base";
    !packages.trim().is_empty() && packages.lines().all(|line| is_kernel(line.trim()))
}

#[cfg(test)]
mod tests {
    use super::required;
    use crate::machine::{
        kernel::tests::{complete, write},
        run::Programs,
    };
    use std::{fs, path::Path};

    const OLD: &str = "6.1.0-9-amd64";
    const NEW: &str = "6.1.0-40-amd64";

    fn due(root: &Path) -> Result<bool, String> {
        required(root, &Programs::in_folder(root.join("bin")), OLD)
    }

    #[test]
    fn a_newer_kernel_that_can_be_started_makes_a_restart_due() {
        let root = tempfile::tempdir().unwrap();
        complete(root.path(), OLD);
        assert_eq!(due(root.path()), Ok(false));
        complete(root.path(), NEW);
        assert_eq!(due(root.path()), Ok(true));
    }

    #[test]
    fn a_container_does_not_know_whether_a_restart_is_due() {
        let root = tempfile::tempdir().unwrap();
        complete(root.path(), OLD);
        complete(root.path(), NEW);
        write(root.path(), "run/reboot-required", "*** System restart required ***\n");
        assert_eq!(due(root.path()), Ok(true));
        write(root.path(), ".dockerenv", "");
        assert_eq!(due(root.path()).unwrap_err(), "because this is a container (docker), whose kernel is the host's");
    }

    #[test]
    fn a_sign_of_the_package_manager_counts() {
        let root = tempfile::tempdir().unwrap();
        complete(root.path(), OLD);
        write(root.path(), "run/reboot-required", "");
        assert_eq!(due(root.path()), Ok(true));
        write(root.path(), "run/reboot-required.pkgs", "linux-image-6.1.0-40-amd64\nlibc6\n");
        assert_eq!(due(root.path()), Ok(true));
    }

    #[test]
    fn a_sign_of_a_kernel_that_was_removed_again_does_not_count() {
        let root = tempfile::tempdir().unwrap();
        complete(root.path(), OLD);
        complete(root.path(), NEW);
        write(root.path(), "run/reboot-required", "");
        write(root.path(), "run/reboot-required.pkgs", "linux-image-6.1.0-40-amd64\nlinux-base\n");
        assert_eq!(due(root.path()), Ok(true));
        fs::remove_file(root.path().join("boot").join(format!("vmlinuz-{NEW}"))).unwrap();
        assert_eq!(due(root.path()), Ok(false));
    }
}
