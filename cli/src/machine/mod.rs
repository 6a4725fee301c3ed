//! What this machine says of itself: its id, its system, the updates that it waits for.
//! What can't be found out is unknown, and a note says why: a guess would be worse than a gap.

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

/// What was found out.
pub struct Found {
    /// The report.
    pub report: HostReport,
    /// What a person should know about it.
    pub notes: Vec<String>,
}

/// Looks at this machine, whose id in the report may be given.
pub fn look(machine_id: Option<&str>, now: Timestamp) -> Result<Found, Failure> {
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

/// This machine's name in its network.
pub fn hostname() -> String {
    system::hostname()
}
