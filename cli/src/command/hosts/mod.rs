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
    output::{Cell, Tone},
    wire::Host,
};

const PATH: &str = "/api/v1/hosts";

pub fn run(context: &Context, command: Hosts) -> Result<(), Failure> {
    match command {
        Hosts::List(arguments) => list::run(context, &arguments),
        Hosts::Show { id } => show::run(context, &id),
        Hosts::Report(arguments) => report::run(context, &arguments),
        Hosts::Watch => watch::run(context),
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
