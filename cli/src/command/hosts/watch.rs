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
use std::{
    thread,
    time::{Duration, Instant},
};

const TRIED: &str = "watch the hosts";
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A stream that lives this long was well: what ends it is new.
const WELL: Duration = Duration::from_secs(30);

/// Watches hosts.
pub fn run(context: &Context) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, source| {
        // A server that can't be reached at all is told at once; one that goes away later comes back.
        let mut stream = client.stream(TRIED, &format!("{PATH}/events"))?;
        output.note(&format!("Watching the hosts of {}; Ctrl-C ends it.", client.server()));
        context.mention(client, source);
        let mut pause = Duration::ZERO;
        loop {
            let opened = Instant::now();
            for event in Events::new(stream).map_while(Result::ok) {
                print(output, &event)?;
            }
            if opened.elapsed() >= WELL {
                pause = Duration::ZERO;
            }
            stream = connect_again(client, output, &mut pause)?;
        }
    })
}

/// Waits before every attempt: a server whose streams end as soon as they begin must not be asked without a pause.
fn connect_again(client: &Client, output: &Output, pause: &mut Duration) -> Result<Stream, Failure> {
    let mut told = false;
    loop {
        *pause = longer(*pause);
        thread::sleep(*pause);
        match client.stream(TRIED, &format!("{PATH}/events")) {
            Ok(stream) => {
                // Also when it took a single attempt: changes in between were not seen.
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
    }
}

/// The pause after one of this length.
fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
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

#[cfg(test)]
mod tests {
    use super::longer;
    use std::time::Duration;

    #[test]
    fn pauses_grow_from_a_second_to_half_a_minute() {
        let pauses = std::iter::successors(Some(Duration::ZERO), |pause| Some(longer(*pause))).skip(1);
        let seconds: Vec<u64> = pauses.take(7).map(|pause| pause.as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    }
}
