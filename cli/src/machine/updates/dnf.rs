//! Fedora, Red Hat and their descendants: counts what `dnf` lists, once for all updates and once for security updates.

use super::{Updates, number};
use crate::machine::run::Programs;
use std::path::Path;

/// `dnf check-update` exits with this code when there is something to update.
const UPDATES_WAIT: i32 = 100;

pub fn count(_: &Path, programs: &Programs) -> Result<Updates, String> {
    let ask = |more: &[&str]| {
        let arguments = [&["--quiet", "--cacheonly", "check-update"], more].concat();
        let said = programs.run("dnf", &arguments)?;
        match said.code {
            Some(0) => Ok(0),
            Some(UPDATES_WAIT) => Ok(read(&said.text)),
            _ => Err("because dnf has no usable package lists yet; run `dnf makecache`".to_owned()),
        }
    };
    Ok(Updates { pending: number(ask(&[])?), security: ask(&["--security"]).ok().and_then(number) })
}

/// Counts lines such as `bash.x86_64  5.2.26-3.fc40  updates`. A long name stands on a line of its own before an
/// indented rest. Packages that replace others follow a headline and don't count.
fn read(text: &str) -> usize {
    let lines = text.lines().take_while(|line| !line.to_ascii_lowercase().starts_with("obsoleting"));
    let is_package = |line: &&str| {
        let name = line.split_whitespace().next().unwrap_or_default();
        !line.starts_with(char::is_whitespace) && !name.ends_with(':') && name.contains('.')
    };
    lines.filter(is_package).count()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn packages_are_counted_and_what_surrounds_them_is_not() {
        let text = "\nbash.x86_64                5.2.26-3.fc40         updates\n\
            a-package-with-an-unusually-long-name-that-wraps.noarch\n                           1.0-1.fc40            updates\n\
            kernel.x86_64              6.9.4-200.fc40        updates\n\
            Obsoleting Packages\ngrub2-tools.x86_64         1:2.06-123.fc40       updates\n";
        assert_eq!(read(text), 3);
        assert_eq!(read("Security: kernel-core-6.9 is an installed security update\n"), 0);
    }
}
