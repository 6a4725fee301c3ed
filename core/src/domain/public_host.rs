//! A host as people and programs see it.

use uptrakit_api::Host;
use uptrakit_store::hosts::HostRow;

#[must_use]
pub fn public(row: HostRow) -> Host {
    let number = |value: Option<i64>| value.map(|value| u32::try_from(value).unwrap_or(u32::MAX));
    Host {
        id: row.id,
        machine_id: row.machine_id,
        hostname: row.hostname,
        friendly_name: row.friendly_name,
        os_name: row.os_name,
        os_version: row.os_version,
        kernel: row.kernel,
        architecture: row.architecture,
        pending_updates: number(row.pending_updates),
        security_updates: number(row.security_updates),
        reboot_required: row.reboot_required,
        shared_machine_id_at: row.shared_machine_id_at,
        last_seen_at: row.last_seen_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
