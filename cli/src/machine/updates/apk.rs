//! Alpine: counts the packages that `apk` lists as upgradable. Its index does not say which updates fix security
//! problems.

use super::{Updates, number};
use crate::machine::run::Programs;
use std::path::Path;

pub fn count(_: &Path, programs: &Programs) -> Result<Updates, String> {
    let said = programs.run("apk", &["--no-network", "list", "--upgradable"])?;
    if said.code != Some(0) {
        return Err("because apk has no package index yet; run `apk update`".to_owned());
    }
    Ok(Updates { pending: number(read(&said.text)), security: None })
}

/// Counts lines such as `busybox-1.37.0-r14 x86_64 {busybox} (GPL-2.0-only) [upgradable from: busybox-1.37.0-r12]`.
fn read(text: &str) -> usize {
    text.lines().filter(|line| line.contains("[upgradable from: ")).count()
}

#[cfg(test)]
mod tests {
    #[test]
    fn upgradable_packages_are_counted() {
        let text = "WARNING: opening /var/cache/apk: No such file or directory\n\
            busybox-1.37.0-r14 x86_64 {busybox} (GPL-2.0-only) [upgradable from: busybox-1.37.0-r12]\n\
            musl-1.2.5-r10 x86_64 {musl} (MIT) [upgradable from: musl-1.2.5-r9]\n";
        assert_eq!(super::read(text), 2);
    }
}
