//! `uptrakit hosts watch`: prints hosts as they change, over as many connections as it takes. Where something holds the
//! events back, the list is asked for now and then instead, until events come again.
//! It ends when the server refuses the token, because then it will never print anything again.

use super::{PATH, count, restart, system};
use crate::{
    client::Client,
    command::Context,
    failure::{Exit, Failure},
    output::{Cell, Output, Tone},
    paging,
    sse::{Event, Message, Messages},
    wire,
    wire::Host,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};
use uptrakit_api::Timestamp;

const TRIED: &str = "watch the hosts";
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause between two questions for the list.
const POLL: Duration = Duration::from_secs(15);
/// A stream that lives this long was well: what ends it is new.
const WELL: Duration = Duration::from_secs(30);
/// The server sends a comment every 15 s: when two are missing, something holds them back.
const SILENCE: Duration = Duration::from_secs(35);
/// The server answers with a comment at once. A new attempt waits this long for the head, and again for the comment.
const GREETING: Duration = Duration::from_secs(10);
/// The server's clock is known from a header of whole seconds.
const CLOCK_ERROR: i64 = 1_000;

/// Watches hosts.
pub fn run(context: &Context) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, source| {
        let mut watch = Watch::new(client, output);
        let mut way = watch.begin()?;
        output.note(&format!("Watching the hosts of {}; Ctrl-C ends it.", client.server()));
        context.mention(client, source);
        loop {
            let held_back = match way {
                Way::Stream(messages) => watch.follow(&messages)?,
                Way::HeldBack(why) => Some(why),
            };
            way = Way::Stream(watch.connect_again(held_back)?);
        }
    })
}

/// How changes arrive.
enum Way {
    Stream(Receiver<Message>),
    /// The server answers, but its events don't get here, for this reason.
    HeldBack(String),
}

/// What the last attempts came to, so that each change of it is told once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ended,
    Polling,
    Lost,
}

struct Watch<'a> {
    client: &'a Client,
    output: &'a Output,
    /// All hosts as they were printed or listed last; nothing before the list was asked for the first time.
    known: Option<HashMap<String, Value>>,
    /// When something last came from the server, by its clock.
    heard: Timestamp,
    pause: Duration,
}

/// A host that changed, or the id of one that was deleted.
enum Change {
    Host(Box<Host>, Value),
    Deleted(String),
}

impl<'a> Watch<'a> {
    fn new(client: &'a Client, output: &'a Output) -> Self {
        Self { client, output, known: None, heard: client.clock().now(), pause: Duration::ZERO }
    }

    /// Makes the first connection. A server that can't be reached at all is told at once; one that goes away later is
    /// waited for.
    fn begin(&mut self) -> Result<Way, Failure> {
        let failure = match self.open(SILENCE) {
            Ok(messages) => return Ok(Way::Stream(messages)),
            Err(failure) => failure,
        };
        // Whether it is the stream alone that does not get here.
        let (true, Ok(changes)) = (failure.unsure, self.ask()) else { return Err(failure) };
        self.print_all(changes)?;
        Ok(Way::HeldBack(failure.cause.unwrap_or_default()))
    }

    /// Opens a stream, which is read in a thread of its own. That ends with the stream, or when its receiver
    /// is gone.
    fn open(&self, head: Duration) -> Result<Receiver<Message>, Failure> {
        let stream = self.client.stream(TRIED, &format!("{PATH}/events"), head)?;
        let (sender, messages) = channel();
        thread::spawn(move || {
            for message in Messages::new(stream).map_while(Result::ok) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Ok(messages)
    }

    /// Prints what a stream brings until it ends, or until it is silent for too long: then it says so.
    fn follow(&mut self, messages: &Receiver<Message>) -> Result<Option<String>, Failure> {
        let opened = Instant::now();
        let held_back = loop {
            match messages.recv_timeout(SILENCE) {
                Ok(message) => self.take(&message)?,
                Err(RecvTimeoutError::Disconnected) => break None,
                Err(RecvTimeoutError::Timeout) => break Some(format!("nothing came for {} s", SILENCE.as_secs())),
            }
        };
        if opened.elapsed() >= WELL {
            self.pause = Duration::ZERO;
        }
        Ok(held_back)
    }

    /// Connects until it works, and asks for the list meanwhile if it is only the events that don't get here. There is a
    /// pause before every attempt: a server whose streams end as soon as they begin must not be asked without one.
    fn connect_again(&mut self, mut held_back: Option<String>) -> Result<Receiver<Message>, Failure> {
        let mut state = State::Ended;
        loop {
            if let Some(why) = held_back.take() {
                match self.ask() {
                    Ok(changes) => {
                        if state != State::Polling {
                            self.output.warn(&format!(
                                "no events come from {}: {why}; falling back to polling",
                                self.client.server()
                            ));
                        }
                        state = State::Polling;
                        self.print_all(changes)?;
                    }
                    Err(failure) => state = self.lost(failure, state)?,
                }
            }
            self.pause = longer(self.pause, if state == State::Polling { POLL } else { LONGEST_PAUSE });
            thread::sleep(self.pause);
            let messages = match self.open(GREETING) {
                Ok(messages) => messages,
                Err(failure) if failure.unsure => {
                    held_back = failure.cause;
                    continue;
                }
                Err(failure) => {
                    state = self.lost(failure, state)?;
                    continue;
                }
            };
            match messages.recv_timeout(GREETING) {
                Ok(message) => {
                    if state == State::Polling {
                        // What changed after the last answer and before the stream began.
                        if let Ok(changes) = self.ask() {
                            self.print_all(changes)?;
                        }
                        self.output.note("Events come again; polling ends.");
                    } else {
                        // Also when it took a single attempt: changes in between were not seen.
                        self.output
                            .note("Connected again; `uptrakit hosts list` shows what may have changed in between.");
                    }
                    self.take(&message)?;
                    return Ok(messages);
                }
                Err(RecvTimeoutError::Timeout) => {
                    held_back = Some(format!("nothing came for {} s", GREETING.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    held_back = Some("the stream ended before anything came".to_owned());
                }
            }
        }
    }

    /// Tells once that the server can't be asked at all, unless it is for good.
    fn lost(&self, failure: Failure, state: State) -> Result<State, Failure> {
        if matches!(failure.exit, Exit::Refused | Exit::NotFound | Exit::Usage) {
            return Err(failure);
        }
        if state != State::Lost {
            self.output.warn(&format!("the connection is lost: {}; trying again", failure.cause.unwrap_or_default()));
        }
        Ok(State::Lost)
    }

    /// Asks for the list: what changed since it was known, or at first since something came from the server.
    fn ask(&mut self) -> Result<Vec<Change>, Failure> {
        let since = Timestamp(self.heard.0 - CLOCK_ERROR);
        let mut list = paging::fetch_all::<Host>(self.client, TRIED, PATH, &[])?;
        let values = list.page.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let mut before = self.known.take();
        let mut known = HashMap::new();
        let mut changes = Vec::new();
        for (host, value) in list.items.into_iter().zip(values) {
            let id = host.id.clone();
            let is_news = match &mut before {
                Some(before) => before.remove(&id).as_ref() != Some(&value),
                None => host.updated_at.max(host.last_seen_at).is_some_and(|at| at >= since),
            };
            known.insert(id, value.clone());
            if is_news {
                changes.push(Change::Host(Box::new(host), value));
            }
        }
        for (id, value) in before.unwrap_or_default() {
            // A host may also slip from one page to another while they are asked for.
            match self.client.get(TRIED, &format!("{PATH}/{id}"), &[]) {
                Err(failure) if failure.exit == Exit::NotFound => changes.push(Change::Deleted(id)),
                _ => drop(known.insert(id, value)),
            }
        }
        self.known = Some(known);
        self.heard = self.client.clock().now();
        Ok(changes)
    }

    /// Prints what a message says, unless the list has said it already.
    fn take(&mut self, message: &Message) -> Result<(), Failure> {
        self.heard = self.client.clock().now();
        let Message::Event(event) = message else { return Ok(()) };
        let Some(change) = read(event) else { return Ok(()) };
        if let Some(known) = &mut self.known {
            let is_known = match &change {
                Change::Host(host, value) => known.insert(host.id.clone(), value.clone()).as_ref() == Some(value),
                Change::Deleted(id) => known.remove(id).is_none(),
            };
            if is_known {
                return Ok(());
            }
        }
        self.print(&change)
    }

    fn print_all(&self, changes: Vec<Change>) -> Result<(), Failure> {
        changes.into_iter().try_for_each(|change| self.print(&change))
    }

    fn print(&self, change: &Change) -> Result<(), Failure> {
        match change {
            Change::Host(host, value) => self.output.event(value, &line(host, self.output)),
            Change::Deleted(id) => self.output.event(&json!({ "id": id }), &[Cell::faint(id), Cell::plain("deleted")]),
        }
    }
}

/// What an event says. A newer server may send what this program does not know.
fn read(event: &Event) -> Option<Change> {
    let value = serde_json::from_str::<Value>(&event.data).ok()?;
    match event.kind.as_str() {
        "host" => Some(Change::Host(Box::new(wire::read(&value).ok()?), value)),
        "host-deleted" => Some(Change::Deleted(value.get("id")?.as_str()?.to_owned())),
        _ => None,
    }
}

/// The pause after one of this length.
fn longer(pause: Duration, longest: Duration) -> Duration {
    (pause * 2).clamp(SHORTEST_PAUSE, longest)
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
    use super::{LONGEST_PAUSE, POLL, longer};
    use std::time::Duration;

    #[test]
    fn pauses_grow_from_a_second_to_the_longest() {
        let seconds = |longest| -> Vec<u64> {
            let pauses = std::iter::successors(Some(Duration::ZERO), |pause| Some(longer(*pause, longest)));
            pauses.skip(1).take(7).map(|pause| pause.as_secs()).collect()
        };
        assert_eq!(seconds(LONGEST_PAUSE), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(seconds(POLL), [1, 2, 4, 8, 15, 15, 15]);
    }
}
