//! `uptrakit hosts show`

use super::{OWN_MACHINE_ID, PATH, count, restart, system};
use crate::{
    commands::{Context, lookup},
    failure::Failure,
    output::{Cell, Output, Tone},
};
use uptrakit_api::{Timestamp, tolerant::Host};

const BEHIND_MACHINE_ID: usize = 4;
const TRIED: &str = "show the host";

pub fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let id = lookup::host(client, TRIED, id)?.id;
        let answer = client.get(TRIED, &format!("{PATH}/{id}"), &[])?;
        let host: Host = answer.read()?;
        output.object(&answer.value, properties(&host, output))
    })
}

pub fn properties(host: &Host, output: &Output) -> Vec<(&'static str, Cell)> {
    let instant = |at: Option<Timestamp>| Cell::plain(at.map(|at| output.instant_in_full(at)).unwrap_or_default());
    let mut properties = vec![
        ("Name", Cell::plain(host.name())),
        ("Hostname", Cell::plain(&host.hostname)),
        ("Id", Cell::plain(&host.id)),
        ("Machine id", Cell::plain(&host.machine_id)),
        ("System", system(host)),
        ("Kernel", Cell::plain(&host.kernel)),
        ("Architecture", Cell::plain(&host.architecture)),
        ("Updates", count(host.pending_updates, Tone::Plain)),
        ("Security updates", count(host.security_updates, Tone::Bad)),
        ("Restart due", restart(host.reboot_required)),
        ("Last seen", instant(host.last_seen_at)),
        ("First seen", instant(host.created_at)),
    ];
    if let Some(at) = host.shared_machine_id_at {
        let at = output.instant_in_full(at);
        let text = format!("several machines report as this host, noticed {at}; {OWN_MACHINE_ID}");
        properties.insert(BEHIND_MACHINE_ID, ("Shared machine id", Cell::toned(text, Tone::Warning)));
    }
    properties
}
