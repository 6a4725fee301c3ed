//! What this machine reports: its id, its system and its pending updates. A value that can't be found out is unknown,
//! and a note says why, because a guess would be worse than a gap.

mod container;
mod id;
mod kernel;
mod reboot;
mod run;
mod system;
mod updates;

use crate::failure::Failure;
use run::Programs;
use std::path::Path;
use uptrakit_api::{HostReport, Timestamp};

pub struct Found {
    pub report: HostReport,
    pub notes: Vec<String>,
}

/// Inspects this machine. `machine_id` replaces the derived id in the report.
pub fn inspect(machine_id: Option<&str>, now: Timestamp) -> Result<Found, Failure> {
    let mut notes = Vec::new();
    let programs = Programs::of_environment();
    let machine_id = id::read(&programs, machine_id, &mut notes)?;
    let root = Path::new("/");
    let system = system::read(&programs);
    let updates = updates::count(root, &programs, now, &mut notes);
    let reboot_required = match reboot::required(root, &programs, &system.kernel) {
        Ok(due) => Some(due),
        Err(why) => {
            notes.push(format!("restart due: unknown, {why}"));
            None
        }
    };
    let report = HostReport {
        machine_id,
        hostname: system.hostname,
        os_name: system.os_name,
        os_version: system.os_version,
        kernel: system.kernel,
        architecture: system.architecture,
        pending_updates: updates.pending,
        security_updates: updates.security,
        reboot_required,
    };
    Ok(Found { report, notes })
}

pub fn hostname() -> String {
    system::hostname()
}
