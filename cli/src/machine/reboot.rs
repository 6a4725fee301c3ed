//! Whether a restart is due: the package manager left a sign, or the running kernel is no longer the newest installed.

use super::run::Programs;
use std::{cmp::Ordering, fs, path::Path};

/// Left by Debian's and Ubuntu's packages.
const SIGNS: [&str; 2] = ["/run/reboot-required", "/var/run/reboot-required"];

/// Whether a restart is due; nothing if this machine doesn't tell.
pub fn required(programs: &Programs, kernel: &str) -> Option<bool> {
    if SIGNS.iter().any(|sign| Path::new(sign).exists()) {
        return Some(true);
    }
    if programs.find("dnf").is_some()
        && let Ok(said) = programs.run("dnf", &["--quiet", "--cacheonly", "needs-restarting", "--reboothint"])
    {
        // Without the plug-in dnf ends with 1 as well, but has nothing to say about restarting.
        match said.code {
            Some(0) => return Some(false),
            Some(1) if said.text.contains("Reboot is required") => return Some(true),
            _ => {}
        }
    }
    // A container shares a kernel that is not among its packages: it has no modules.
    let entries = fs::read_dir("/lib/modules").ok()?;
    let installed: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    newer_is_installed(kernel, &installed)
}

fn newer_is_installed(running: &str, installed: &[String]) -> Option<bool> {
    let newest = installed.iter().max_by(|one, other| compare(one, other))?;
    if installed.iter().any(|kernel| kernel == running) {
        // Kernels of another flavour (`-cloud`, `-lts`) are not newer, only different.
        let rival = installed
            .iter()
            .filter(|kernel| flavour(kernel) == flavour(running))
            .max_by(|one, other| compare(one, other));
        Some(compare(rival.unwrap_or(newest), running) == Ordering::Greater)
    } else {
        // The running kernel was removed: an update replaced it.
        Some(true)
    }
}

/// What kind of kernel it is: `amd64` of `6.1.0-40-amd64`, `lts` of `6.6.32-0-lts`, nothing of `6.9.4-arch1-1`.
fn flavour(kernel: &str) -> &str {
    let last = kernel.rsplit('-').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_alphabetic()) { last } else { "" }
}

/// Compares versions piece by piece, numbers as numbers.
fn compare(one: &str, other: &str) -> Ordering {
    let pieces = |text: &str| -> Vec<(u64, String)> {
        text.split(['.', '-', '_', '+'])
            .map(|piece| {
                let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
                (piece[..digits].parse().unwrap_or(0), piece[digits..].to_owned())
            })
            .collect()
    };
    pieces(one).cmp(&pieces(other))
}

#[cfg(test)]
mod tests {
    use super::newer_is_installed;

    fn due(running: &str, installed: &[&str]) -> Option<bool> {
        newer_is_installed(running, &installed.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_newer_kernel_waits_for_a_restart() {
        assert_eq!(due("6.1.0-9-amd64", &["6.1.0-9-amd64", "6.1.0-40-amd64"]), Some(true));
        assert_eq!(due("6.1.0-40-amd64", &["6.1.0-9-amd64", "6.1.0-40-amd64"]), Some(false));
        assert_eq!(due("6.9.4-arch1-1", &["6.9.5-arch1-1"]), Some(true));
        assert_eq!(due("6.6.32-0-lts", &["6.6.32-0-lts", "6.9.0-0-edge"]), Some(false));
        assert_eq!(due("6.18.44", &[]), None);
    }
}
