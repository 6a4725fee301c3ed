//! The operating system, the kernel and the processor.

use super::run::Programs;
use std::fs;

pub struct System {
    pub hostname: String,
    pub os_name: String,
    /// The version alone, such as `12`; empty where the system has none.
    pub os_version: String,
    pub kernel: String,
    pub architecture: String,
}

pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

pub fn read(programs: &Programs) -> System {
    let names = rustix::system::uname();
    let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
    let (os_name, os_version) = if cfg!(target_os = "macos") {
        let ask = |what| programs.run("sw_vers", &[what]).map(|said| said.text.trim().to_owned()).unwrap_or_default();
        (ask("-productName"), ask("-productVersion"))
    } else {
        let files = ["/etc/os-release", "/usr/lib/os-release"];
        files
            .into_iter()
            .find_map(|path| fs::read_to_string(path).ok())
            .map(|text| os_release(&text))
            .unwrap_or_default()
    };
    System {
        hostname: hostname(),
        os_name: if os_name.is_empty() { text(names.sysname()) } else { os_name },
        os_version,
        kernel: text(names.release()),
        architecture: text(names.machine()),
    }
}

/// Returns the name and the version in an os-release(5) file. Rolling distributions have no version.
fn os_release(text: &str) -> (String, String) {
    let find = |key: &str| {
        let value = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        value.map(unquoted).unwrap_or_default()
    };
    (find("NAME"), find("VERSION_ID"))
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner =
        ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::os_release;

    fn read(text: &str) -> (String, String) {
        os_release(text)
    }

    #[test]
    fn name_and_version_are_found() {
        let both = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n";
        assert_eq!(read(debian), both("Debian GNU/Linux", "12"));
        assert_eq!(read("NAME='Alpine Linux'\nVERSION_ID=3.22.1\n"), both("Alpine Linux", "3.22.1"));
        assert_eq!(read("# none\nNAME=Arch\\ Linux\n"), both("Arch Linux", ""));
        assert_eq!(read(""), both("", ""));
    }
}
