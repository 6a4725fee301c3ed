//! `uptrakit hosts watch`: prints hosts as they change, over as many connections as it takes.
//! It ends when the server refuses the token, because then it will never print anything again.

use super::{PATH, count, restart, system};
use crate::{
    client::{Client, Stream},
    command::Context,
    failure::{Exit, Failure},
    output::{Cell, Output, Tone},
    sse::{Event, Events},
    wire,
    wire::Host,
};
use serde_json::Value;
use std::{thread, time::Duration};

const TRIED: &str = "watch the hosts";
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Watches hosts.
pub fn run(context: &Context) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        // A server that can't be reached at all is told at once; one that goes away later comes back.
        let mut stream = client.stream(TRIED, &format!("{PATH}/events"))?;
        output.note(&format!("Watching the hosts of {}; Ctrl-C ends it.", client.server()));
        loop {
            for event in Events::new(stream).map_while(Result::ok) {
                print(output, &event)?;
            }
            stream = connect_again(client, output)?;
        }
    })
}

fn connect_again(client: &Client, output: &Output) -> Result<Stream, Failure> {
    let mut pause = Duration::from_secs(1);
    let mut told = false;
    loop {
        match client.stream(TRIED, &format!("{PATH}/events")) {
            Ok(stream) => {
                output.note("Connected again; `uptrakit hosts list` shows what may have changed in between.");
                return Ok(stream);
            }
            Err(failure) if matches!(failure.exit, Exit::Refused | Exit::NotFound | Exit::Usage) => {
                return Err(failure);
            }
            Err(failure) if !told => {
                output.warn(&format!("the connection is lost: {}; trying again", failure.cause.unwrap_or_default()));
                told = true;
            }
            Err(_) => {}
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn print(output: &Output, event: &Event) -> Result<(), Failure> {
    // A newer server may send what this program does not know.
    let Ok(value) = serde_json::from_str::<Value>(&event.data) else { return Ok(()) };
    match event.kind.as_str() {
        "host" => match wire::read::<Host>(&value) {
            Ok(host) => output.event(&value, &line(&host, output)),
            Err(_) => Ok(()),
        },
        "host-deleted" => {
            let id = value.get("id").and_then(Value::as_str).unwrap_or_default();
            output.event(&value, &[Cell::faint(id), Cell::plain("deleted")])
        }
        _ => Ok(()),
    }
}

fn line(host: &Host, output: &Output) -> Vec<Cell> {
    let mut cells = vec![
        Cell::plain(host.last_seen_at.map(|at| at.to_string()).unwrap_or_default()),
        Cell::plain(host.name()),
        system(host),
    ];
    let counts = [
        count(host.pending_updates, Tone::Plain),
        count(host.security_updates, Tone::Bad),
        restart(host.reboot_required),
    ];
    if output.at_terminal() {
        let labels = ["updates", "security", "restart"];
        for (label, cell) in labels.into_iter().zip(counts) {
            cells.extend([Cell::faint(label), cell]);
        }
    } else {
        cells.extend(counts);
    }
    cells
}
