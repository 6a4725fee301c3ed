//! Updates that wait, as the machine's own package manager counts them, from what it knows already:
//! nothing is downloaded and nothing needs to be root.

mod apk;
mod apt;
mod dnf;
mod pacman;

use super::run::Programs;

/// How many updates wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Updates {
    /// All of them.
    pub pending: Option<u32>,
    /// Those that mend security.
    pub security: Option<u32>,
}

/// Counts them. The error is the end of a sentence that begins with "unknown,".
pub fn count(programs: &Programs) -> Result<Updates, String> {
    if programs.find("apt-get").is_some() {
        apt::count(programs)
    } else if programs.find("dnf").is_some() {
        dnf::count(programs)
    } else if programs.find("apk").is_some() {
        apk::count(programs)
    } else if programs.find("pacman").is_some() {
        pacman::count(programs)
    } else {
        Err("because there is none of apt, dnf, apk and pacman here".to_owned())
    }
}

/// A count of lines.
fn number(count: usize) -> Option<u32> {
    u32::try_from(count).ok()
}
