//! `uptrakit hosts …`

mod list;
mod report;
mod show;
mod timer;
mod watch;

use super::Context;
use crate::{
    args::Hosts,
    failure::Failure,
    output::{Cell, Output, Tone},
};
use uptrakit_api::tolerant::Host;

const PATH: &str = "/api/v1/hosts";
const OWN_MACHINE_ID: &str = "run `uptrakit hosts report --machine-id ID` on one of them to give it an id of its own";

pub fn run(context: &Context, command: Hosts) -> Result<(), Failure> {
    match command {
        Hosts::List(arguments) => list::run(context, &arguments),
        Hosts::Show { id } => show::run(context, &id),
        Hosts::Report(arguments) if arguments.install_timer => timer::install(context, &arguments),
        Hosts::Report(arguments) if arguments.remove_timer => timer::remove(context, arguments.user),
        Hosts::Report(arguments) => report::run(context, &arguments),
        Hosts::Watch => watch::run(context),
    }
}

/// Returns the cell with the host's name. People see beside the name that several machines report as this host; programs
/// get the name alone, which they may look up.
fn name(host: &Host, output: &Output) -> Cell {
    if host.shared_machine_id_at.is_some() && output.at_terminal() {
        Cell::toned(format!("{} (shared machine id)", host.name()), Tone::Warning)
    } else {
        Cell::plain(host.name())
    }
}

fn count(count: Option<u64>, tone: Tone) -> Cell {
    match count {
        Some(0) => Cell::plain("0"),
        Some(count) => Cell::toned(count.to_string(), tone),
        None => Cell::faint("unknown"),
    }
}

fn restart(due: Option<bool>) -> Cell {
    match due {
        Some(true) => Cell::toned("yes", Tone::Warning),
        Some(false) => Cell::plain("no"),
        None => Cell::faint("unknown"),
    }
}

fn system(host: &Host) -> Cell {
    Cell::plain(format!("{} {}", host.os_name, host.os_version).trim())
}
