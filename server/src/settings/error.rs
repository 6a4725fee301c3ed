//! What is wrong with a setting, in one sentence that names it. A value is repeated unless it may contain a password.

use std::io;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSetting(pub(super) String);

pub fn invalid(name: &str, value: &str, why: &str) -> InvalidSetting {
    let end = if why.ends_with('?') { "" } else { "." };
    InvalidSetting(format!("The setting {name} is wrong: \"{value}\" {why}{end}"))
}

pub fn why_unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "Permission denied; use sudo, or become the user of the service".into(),
        _ => uptrakit_store::plain_io(error),
    }
}
