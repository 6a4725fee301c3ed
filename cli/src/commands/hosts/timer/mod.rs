//! `uptrakit hosts report --install-timer` and `--remove-timer`: a systemd timer that reports this machine. The timer
//! has a credentials file of its own, because neither a keyring nor a user's login is available when it runs.

mod cron;
mod install;
mod places;
mod remove;
mod systemctl;
mod units;

pub use install::install;
pub use remove::remove;
