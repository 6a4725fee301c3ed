//! Installs packages of Debian and its relatives where that needs no answer from a person. They are for tests, so none
//! of their services starts, neither now nor when the machine boots.

use std::{env, fs, path::Path, process};

use anyhow::{Result, bail};

use crate::process::{announce, find, is_root, program, run, succeeds};

/// Debian runs this program before an installation starts a service; the exit status 101 forbids the start.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs a package and returns false when that is not possible on this machine.
pub fn install(package: &str) -> Result<bool> {
    if !succeeds(program("apt-get").arg("--version")) || !(is_root() || succeeds(program("sudo").args(["-n", "true"])))
    {
        return Ok(false);
    }
    announce(&format!("Installing the Debian package {package} (once, less than a minute)"));
    let _no_start = NoStart::begin()?;
    let install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "--yes", "--no-install-recommends", package];
    if !succeeds(&mut as_root(&install)) {
        // On a fresh machine the package lists are old or missing.
        run(&mut as_root(&["apt-get", "update"]))?;
        run(&mut as_root(&install))?;
    }
    if Path::new("/run/systemd/system").is_dir() {
        // A package without a unit of its name has no service that would start when the machine boots.
        succeeds(&mut as_root(&["systemctl", "disable", "--quiet", package]));
    }
    Ok(true)
}

pub fn require(name: &str, package: &str) -> Result<()> {
    if find(name).is_none() && !install(package)? {
        bail!("`{name}` was not found: install it (Debian: `apt-get install {package}`) and try again");
    }
    Ok(())
}

pub fn as_root(words: &[&str]) -> process::Command {
    let mut command = if is_root() { program("env") } else { program("sudo") };
    if !is_root() {
        command.args(["-n", "env"]);
    }
    command.arg("DEBIAN_FRONTEND=noninteractive").args(words);
    command
}

/// Forbids services to start until the value is dropped. A policy that the machine has already stays as it is.
struct NoStart {
    is_ours: bool,
}

impl NoStart {
    fn begin() -> Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self { is_ours: false });
        }
        let draft = env::temp_dir().join(format!("uptrakit-policy-{}", process::id()));
        fs::write(&draft, policy(process::id()))?;
        let written = run(as_root(&["install", "-m", "755"]).arg(&draft).arg(POLICY));
        fs::remove_file(&draft)?;
        written.map(|()| Self { is_ours: true })
    }
}

impl Drop for NoStart {
    fn drop(&mut self) {
        if self.is_ours {
            succeeds(&mut as_root(&["rm", "-f", POLICY]));
        }
    }
}

/// The policy holds while the process that wrote it is alive: an interrupted run must not leave a machine behind on
/// which services don't start.
fn policy(process: u32) -> String {
    format!("#!/bin/sh\n# Written by `cargo xtask`.\nkill -0 {process} 2>/dev/null && exit 101\nrm -f \"$0\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_ends_with_the_process_that_wrote_it() {
        let file = env::temp_dir().join(format!("uptrakit-policy-test-{}", process::id()));
        let mut writer = process::Command::new("cat").stdin(process::Stdio::piped()).spawn().unwrap();
        fs::write(&file, policy(writer.id())).unwrap();
        let ask = || program("sh").arg(&file).args(["nginx", "start"]).status().unwrap().code();
        assert_eq!(ask(), Some(101));
        drop(writer.stdin.take());
        writer.wait().unwrap();
        assert_eq!(ask(), Some(0));
        assert!(!file.exists());
    }
}
