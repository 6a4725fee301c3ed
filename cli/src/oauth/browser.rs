//! The browser of this machine: whether there is one that its user can see, and how it is opened.

use crate::terminal::Stderr;
use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// The reason why no browser is opened, as the end of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    Ssh,
    NoDisplay,
    NoBrowser,
}

impl Obstacle {
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Ssh => "this is a session over SSH",
            Self::NoDisplay => "there is no display here",
            Self::NoBrowser => "no browser is found here; the variable BROWSER can name one",
        }
    }
}

/// Commands that open an address, in the order in which they are tried.
#[derive(Debug, PartialEq, Eq)]
pub struct Browser(Vec<Vec<String>>);

const OF_DESKTOP: &[&str] = if cfg!(target_os = "macos") { &["open"] } else { &["xdg-open", "wslview"] };
const OF_SSH: [&str; 3] = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];
const OF_DISPLAY: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];

impl Browser {
    pub fn of_environment() -> Result<Self, Obstacle> {
        Self::find(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Obstacle> {
        let has = |name: &&str| variable(name).is_some();
        if OF_SSH.iter().any(&has) {
            return Err(Obstacle::Ssh);
        }
        if let Some(named) = variable("BROWSER") {
            return Ok(Self(commands(&named.to_string_lossy())));
        }
        if !cfg!(target_os = "macos") && !OF_DISPLAY.iter().any(has) {
            return Err(Obstacle::NoDisplay);
        }
        let path = variable("PATH").unwrap_or_default();
        let is_there = |name: &str| env::split_paths(&path).any(|folder| Path::new(&folder).join(name).is_file());
        match OF_DESKTOP.iter().find(|name| is_there(name)) {
            Some(name) => Ok(Self(vec![vec![(*name).to_owned()]])),
            None => Err(Obstacle::NoBrowser),
        }
    }

    /// Opens an address without waiting for the browser, which may run as long as its window is open. If no command
    /// succeeds, a line on standard error says so.
    pub fn open(self, address: &str) {
        let commands: Vec<Vec<String>> = self.0.iter().map(|words| with_address(words, address)).collect();
        thread::spawn(move || {
            let succeeds = |words: &Vec<String>| {
                let Some((program, arguments)) = words.split_first() else { return false };
                let mut command = Command::new(program);
                command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                // In a group of its own the browser does not get the Ctrl-C that ends this program.
                command.process_group(0);
                command.status().is_ok_and(|status| status.success())
            };
            if !commands.iter().any(succeeds) {
                // A failure to write is ignored: the reader has closed the stream.
                let _ = Stderr::new().say(
                    "The browser did not start. Open the address in a browser on this machine, or press Ctrl-C and run \
                     `uptrakit auth login --device`.\n",
                );
            }
        });
    }
}

/// Parses the variable BROWSER: commands with colons between them, as xdg-open(1) reads it.
fn commands(text: &str) -> Vec<Vec<String>> {
    let commands = text.split(':').map(|command| command.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    commands.filter(|words| !words.is_empty()).collect()
}

fn with_address(words: &[String], address: &str) -> Vec<String> {
    let mut command: Vec<String> = words.iter().map(|word| word.replace("%s", address)).collect();
    if !words.iter().any(|word| word.contains("%s")) {
        command.push(address.to_owned());
    }
    command
}

#[cfg(test)]
mod tests {
    use super::{Browser, Obstacle, with_address};
    use std::ffi::OsString;

    fn find(variables: &[(&str, &str)]) -> Result<Browser, Obstacle> {
        Browser::find(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn a_session_over_ssh_has_no_browser_that_its_user_sees() {
        for name in ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"] {
            let variables = [(name, "x"), ("DISPLAY", ":0"), ("BROWSER", "firefox")];
            assert_eq!(find(&variables), Err(Obstacle::Ssh), "{name}");
        }
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn without_a_display_only_a_named_browser_is_there() {
        assert_eq!(find(&[("PATH", "/usr/bin")]), Err(Obstacle::NoDisplay));
        assert_eq!(find(&[("DISPLAY", ":0"), ("PATH", "/nowhere")]), Err(Obstacle::NoBrowser));
        let named = find(&[("BROWSER", "helper --open:firefox")]).unwrap();
        assert_eq!(named.0, [vec!["helper", "--open"], vec!["firefox"]]);
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn a_display_is_enough_where_the_desktop_has_its_command() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("xdg-open"), "").unwrap();
        let path = folder.path().to_str().unwrap();
        for display in ["DISPLAY", "WAYLAND_DISPLAY"] {
            assert_eq!(find(&[(display, ":0"), ("PATH", path)]).unwrap().0, [vec!["xdg-open"]]);
        }
    }

    #[test]
    fn the_address_stands_where_the_command_wants_it() {
        for (command, expected) in
            [(&["firefox"][..], "firefox A"), (&["x", "--url=%s", "y"], "x --url=A y"), (&["x", "%s"], "x A")]
        {
            let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(with_address(&words, "A").join(" "), expected);
        }
    }
}
