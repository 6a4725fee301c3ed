//! `uptrakit hosts report`: sends the server this machine's system, its pending updates and whether a restart is due.

use super::{PATH, count, restart, show};
use crate::{
    args::Report,
    clock,
    commands::Context,
    failure::Failure,
    http::Client,
    machine,
    output::{Cell, Output, Tone},
    text::printable,
};
use serde_json::Value;
use uptrakit_api::{HostReport, header::WARNING, tolerant::Host};

pub fn run(context: &Context, arguments: &Report) -> Result<(), Failure> {
    if arguments.dry_run {
        return show_only(context, arguments);
    }
    let output = context.output;
    // The credential is checked first: a missing token is reported at once, while it takes a while to inspect the
    // machine.
    context.signed_in(|client, _| {
        let (value, host) = send(client, output, arguments)?;
        output.object(&value, show::properties(&host, output))
    })
}

pub fn send(client: &Client, output: &Output, arguments: &Report) -> Result<(Value, Host), Failure> {
    let report = inspect(output, arguments)?;
    let answer = client.post("report this machine", &format!("{PATH}/report"), &report);
    let (answer, host) =
        answer.and_then(|answer| answer.read::<Host>().map(|host| (answer, host))).map_err(|failure| {
            let failure = failure.in_flags(|field, message| {
                let is_given = field == "machine_id" && arguments.machine_id.is_some();
                is_given.then(|| ("--machine-id".to_owned(), message.to_owned()))
            });
            failure.of_change("the report may have arrived all the same", "report again; twice does no harm")
        })?;
    output.note(&format!("Reported {} to {}.", host.name(), client.server()));
    for warning in answer.headers.get_all(WARNING) {
        output.warn(&printable(&String::from_utf8_lossy(warning.as_bytes())));
    }
    Ok((answer.value, host))
}

fn inspect(output: &Output, arguments: &Report) -> Result<HostReport, Failure> {
    let found = machine::inspect(arguments.machine_id.as_deref(), clock::now())?;
    for note in &found.notes {
        output.note(note);
    }
    Ok(found.report)
}

fn show_only(context: &Context, arguments: &Report) -> Result<(), Failure> {
    let report = inspect(context.output, arguments)?;
    let value = serde_json::to_value(&report).map_err(|_| Failure::failed("the report can't be written as JSON"))?;
    context.output.object(&value, properties(&report))
}

fn properties(report: &HostReport) -> Vec<(&'static str, Cell)> {
    vec![
        ("Hostname", Cell::plain(&report.hostname)),
        ("Machine id", Cell::plain(&report.machine_id)),
        ("System", Cell::plain(format!("{} {}", report.os_name, report.os_version).trim())),
        ("Kernel", Cell::plain(&report.kernel)),
        ("Architecture", Cell::plain(&report.architecture)),
        ("Updates", count(report.pending_updates.map(u64::from), Tone::Plain)),
        ("Security updates", count(report.security_updates.map(u64::from), Tone::Bad)),
        ("Restart due", restart(report.reboot_required)),
    ]
}
