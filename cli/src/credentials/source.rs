//! The origin of the token in use. Messages name it, and hints depend on it.

use super::Storage;
use std::path::PathBuf;

pub const TIMER_FILE: &str = "timer.toml";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Flag,
    Environment,
    /// The file that UPTRAKIT_TOKEN_FILE names, such as a credential of systemd.
    File(PathBuf),
    Saved(Storage),
}

impl Source {
    /// Returns the hint for a token that no longer works, or soon won't. It is the end of a sentence.
    pub fn renewal(&self) -> &'static str {
        match self {
            Self::Flag => "give another with --token",
            Self::Environment => "put another into UPTRAKIT_TOKEN",
            Self::File(_) => "put another into the file of UPTRAKIT_TOKEN_FILE",
            Self::Saved(_) if self.is_timer() => "run `uptrakit hosts report --install-timer` again with a new token",
            Self::Saved(_) => "`uptrakit auth login` makes another",
        }
    }

    pub fn of_token(&self) -> String {
        match self {
            Self::Flag => "the token of --token".to_owned(),
            Self::Environment => "the token in UPTRAKIT_TOKEN".to_owned(),
            Self::File(path) => format!("the token in {}", path.display()),
            Self::Saved(storage) => format!("the token saved in {storage}"),
        }
    }

    /// Returns true for the file of a timer, which `auth login` does not change.
    pub fn is_timer(&self) -> bool {
        matches!(self, Self::Saved(Storage::File(path)) if path.ends_with(TIMER_FILE))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("--token"),
            Self::Environment => f.write_str("UPTRAKIT_TOKEN"),
            Self::File(path) => path.display().fmt(f),
            Self::Saved(storage) => storage.fmt(f),
        }
    }
}
