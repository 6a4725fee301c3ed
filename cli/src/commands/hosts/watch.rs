//! `uptrakit hosts watch`: prints hosts as they change, and reconnects when the stream of events ends. When something
//! on the way holds the events back, it polls the list until events arrive again. It ends when the server rejects the
//! token, because no event could follow.

use super::{PATH, count, name, restart, system};
use crate::{
    commands::{Context, paging},
    failure::{Exit, Failure},
    http::Client,
    http::sse::{Event, Message, Messages},
    output::{Cell, Output, Tone},
};
use serde::Deserialize as _;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};
use uptrakit_api::{Timestamp, tolerant::Host};

const TRIED: &str = "watch the hosts";
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_secs(15);
/// A stream that lasted this long resets the pause before the next attempt to reconnect.
const WELL: Duration = Duration::from_secs(30);
/// The server sends a comment every 15 s. When two are missing, something holds the events back.
const SILENCE: Duration = Duration::from_secs(35);
/// The server begins every stream with a comment. An attempt to reconnect waits this long for the head of the answer,
/// and as long again for the comment.
const GREETING: Duration = Duration::from_secs(10);
/// The server's clock is estimated from a header of whole seconds, and may be wrong by this many milliseconds.
const CLOCK_ERROR: i64 = 1_000;

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

enum Way {
    Stream(Receiver<Message>),
    /// The server answers, but its events don't arrive; the string says why.
    HeldBack(String),
}

/// The outcome of the last attempts to reconnect. It is kept so that each change of it is reported once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ended,
    Polling,
    Lost,
}

struct Watch<'a> {
    client: &'a Client,
    output: &'a Output,
    /// The hosts by id as they were printed or listed last; `None` until the list is fetched for the first time.
    known: Option<HashMap<String, Value>>,
    /// The server's time when the last message or list arrived.
    heard: Timestamp,
    pause: Duration,
}

enum Change {
    Host(Box<Host>, Value),
    Deleted(String),
}

impl<'a> Watch<'a> {
    fn new(client: &'a Client, output: &'a Output) -> Self {
        Self { client, output, known: None, heard: client.clock().now(), pause: Duration::ZERO }
    }

    /// Opens the first connection. A server that can't be reached is an error here; later the watch waits for it to
    /// come back.
    fn begin(&mut self) -> Result<Way, Failure> {
        let failure = match self.open(SILENCE) {
            Ok(messages) => return Ok(Way::Stream(messages)),
            Err(failure) => failure,
        };
        // The list is fetched to find out whether only the stream is held back.
        let (true, Ok(changes)) = (failure.outcome_unknown, self.ask()) else { return Err(failure) };
        self.print_all(changes)?;
        Ok(Way::HeldBack(failure.cause.unwrap_or_default()))
    }

    /// Opens a stream and reads it in a thread of its own. The thread ends with the stream, or when the receiver is
    /// dropped.
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

    /// Prints the changes from a stream until it ends. Returns a reason if the stream was silent for too long instead.
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

    /// Reconnects until a stream of events works, and polls the list meanwhile if only the events are held back. There
    /// is a pause before every attempt, because a server whose streams end at once must not be asked in a tight loop.
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
                Err(failure) if failure.outcome_unknown => {
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
                        // This poll finds what changed after the last one and before the stream began.
                        if let Ok(changes) = self.ask() {
                            self.print_all(changes)?;
                        }
                        self.output.note("Events come again; polling ends.");
                    } else {
                        // The note appears even after a single attempt, because changes in between were missed.
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

    /// Warns once that the connection is lost. A failure that another attempt can't cure is returned as an error.
    fn lost(&self, failure: Failure, state: State) -> Result<State, Failure> {
        if matches!(failure.exit, Exit::Refused | Exit::NotFound | Exit::Usage) {
            return Err(failure);
        }
        if state != State::Lost {
            self.output.warn(&format!("the connection is lost: {}; trying again", failure.cause.unwrap_or_default()));
        }
        Ok(State::Lost)
    }

    /// Fetches the list and returns the hosts that changed since the last list, or without one, since the last message
    /// from the server.
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
            // A host that is missing from the list is not always deleted: it may have moved from one page to another
            // while they were fetched.
            match self.client.get(TRIED, &format!("{PATH}/{id}"), &[]) {
                Err(failure) if failure.exit == Exit::NotFound => changes.push(Change::Deleted(id)),
                _ => drop(known.insert(id, value)),
            }
        }
        self.known = Some(known);
        self.heard = self.client.clock().now();
        Ok(changes)
    }

    /// Prints the change in a message, unless a list has shown it already.
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

/// Parses an event. A kind that this program does not know, as a newer server may send, is ignored.
fn read(event: &Event) -> Option<Change> {
    let value = serde_json::from_str::<Value>(&event.data).ok()?;
    match event.kind.as_str() {
        "host" => Some(Change::Host(Box::new(Host::deserialize(&value).ok()?), value)),
        "host-deleted" => Some(Change::Deleted(value.get("id")?.as_str()?.to_owned())),
        _ => None,
    }
}

fn longer(pause: Duration, longest: Duration) -> Duration {
    (pause * 2).clamp(SHORTEST_PAUSE, longest)
}

fn line(host: &Host, output: &Output) -> Vec<Cell> {
    let mut cells = vec![
        Cell::plain(host.last_seen_at.map(|at| at.to_string()).unwrap_or_default()),
        name(host, output),
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
