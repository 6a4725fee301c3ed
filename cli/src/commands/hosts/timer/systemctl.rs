//! Runs `systemctl` for the system or for the user. What it prints goes into one sentence, and not to the terminal.

use super::places::Places;
use crate::failure::described;
use std::process::{Command, Stdio};

pub fn systemctl(places: &Places, steps: &[&[&str]]) -> Result<(), String> {
    for step in steps {
        let mut command = Command::new("systemctl");
        if places.user {
            command.arg("--user");
        }
        let said = command
            .args(*step)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("systemctl could not be run: {}", described(&error)))?;
        if !said.status.success() {
            let text = String::from_utf8_lossy(&said.stderr);
            return Err(crate::text::printable(text.lines().next().unwrap_or("systemctl failed")));
        }
    }
    Ok(())
}
