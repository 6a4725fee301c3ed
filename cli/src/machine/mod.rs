//! What this machine says of itself: its id, its system, the updates that it waits for.
//! What can't be found out is unknown, and a note says why: a guess would be worse than a gap.

mod id;
mod reboot;
mod run;
mod system;
mod updates;

use crate::failure::Failure;
use run::Programs;
use uptrakit_api::HostReport;

/// What was found out.
pub struct Found {
    /// The report.
    pub report: HostReport,
    /// What a person should know about it.
    pub notes: Vec<String>,
}

/// Looks at this machine.
pub fn look() -> Result<Found, Failure> {
    let mut notes = Vec::new();
    let programs = Programs::of_environment();
    let system = system::read(&programs);
    let updates = updates::count(&programs).unwrap_or_else(|why| {
        notes.push(format!("pending updates: unknown, {why}"));
        updates::Updates::default()
    });
    if updates.pending.is_some() && updates.security.is_none() {
        notes.push("security updates: unknown, this package manager does not tell them from others".to_owned());
    }
    let reboot_required = reboot::required(&programs, &system.kernel);
    if reboot_required.is_none() {
        notes.push("restart due: unknown, nothing on this machine tells".to_owned());
    }
    let machine_id = id::read(&programs, &mut notes)?;
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
