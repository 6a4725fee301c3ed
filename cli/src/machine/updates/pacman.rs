//! Arch: counts the packages that `pacman` finds outdated. Its lists do not say which updates fix security problems.

use super::{Updates, number};
use crate::machine::run::Programs;
use std::path::Path;

pub fn count(_: &Path, programs: &Programs) -> Result<Updates, String> {
    let said = programs.run("pacman", &["--query", "--upgrades"])?;
    match said.code {
        // pacman exits with 1 and prints nothing when there are no updates.
        Some(0 | 1) => Ok(Updates { pending: number(read(&said.text)), security: None }),
        _ => Err("because pacman could not read its lists".to_owned()),
    }
}

/// Counts lines such as `linux 6.9.4.arch1-1 -> 6.9.5.arch1-1`. Packages that are held back have `[ignored]` behind
/// them and don't count.
fn read(text: &str) -> usize {
    text.lines().filter(|line| line.contains(" -> ") && !line.ends_with("[ignored]")).count()
}

#[cfg(test)]
mod tests {
    #[test]
    fn outdated_packages_are_counted_and_ignored_ones_are_not() {
        let text = "linux 6.9.4.arch1-1 -> 6.9.5.arch1-1\npacman 6.1.0-2 -> 6.1.0-3\nfoo 1-1 -> 2-1 [ignored]\n";
        assert_eq!(super::read(text), 2);
        assert_eq!(super::read(""), 0);
    }
}
