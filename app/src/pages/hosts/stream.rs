//! Keeps the list of hosts up to date from the server's event stream. A stream that breaks is opened again quietly,
//! with growing pauses, and the list is fetched anew, because what happened in between is not sent again. A stream that is
//! silent for too long is held back by something on the way: then the page says so, and the list is fetched now and then.

use crate::{api_client, clock, loader::Loader};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use std::time::Duration;
use uptrakit_api::{Host, HostId, Page, Timestamp};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

const PATH: &str = "/api/v1/hosts/events";
/// Time that the server's answer may take.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Time that the stream may be silent: the server sends a `ping` every 15 seconds, and one may be lost.
const SILENCE_LIMIT: Duration = Duration::from_secs(35);
/// Pause between two fetches of the list while the stream is silent.
const POLL_PAUSE: Duration = Duration::from_secs(30);
/// A timer that is late by more than this was stopped, with its device or its tab.
const LATE: Duration = Duration::from_secs(5);
/// Time in which changes of hosts that are not on the page are gathered before it is fetched again.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// The stream that is open, and the functions that the browser calls for it.
struct Stream {
    source: EventSource,
    _listeners: Vec<Closure<dyn FnMut(Event)>>,
}

#[derive(Clone, Copy)]
struct Follower {
    hosts: Loader<Page<Host>>,
    in_place: Memo<bool>,
    stream: StoredValue<Option<Stream>, LocalStorage>,
    pause: StoredValue<Duration>,
    /// Opens a stream again that was refused.
    timer: StoredValue<Option<TimeoutHandle>>,
    reload: StoredValue<Option<TimeoutHandle>>,
    watchdog: StoredValue<Option<TimeoutHandle>>,
    is_silent: RwSignal<bool>,
}

#[derive(serde::Deserialize)]
struct Deleted {
    id: HostId,
}

/// Follows the stream as long as the current owner lives. `in_place` says whether a host that reports stays where it is
/// in the list. The answer says whether nothing comes through the stream.
pub fn follow(hosts: Loader<Page<Host>>, in_place: Memo<bool>) -> RwSignal<bool> {
    let follower = Follower {
        hosts,
        in_place,
        stream: StoredValue::new_local(None),
        pause: StoredValue::new(Duration::from_secs(1)),
        timer: StoredValue::new(None),
        reload: StoredValue::new(None),
        watchdog: StoredValue::new(None),
        is_silent: RwSignal::new(false),
    };
    follower.open();
    follower.expect_within(HEAD_LIMIT);
    on_cleanup(move || {
        follower.close();
        for timer in [follower.timer, follower.reload, follower.watchdog] {
            stop(timer);
        }
    });
    follower.is_silent
}

impl Follower {
    fn open(self) {
        let Ok(source) = EventSource::new(PATH) else { return };
        let listeners = vec![
            listen(&source, "host", move |event| {
                self.heard();
                self.seen(&event);
            }),
            listen(&source, "host-deleted", move |event| {
                self.heard();
                self.deleted(&event);
            }),
            listen(&source, "ping", move |_| self.heard()),
            listen(&source, "open", move |_| {
                self.pause.try_set_value(Duration::from_secs(1));
                if self.is_silent.try_get_untracked() == Some(false) {
                    self.expect_within(SILENCE_LIMIT);
                }
                // What was reported before the stream was there is not sent again.
                self.hosts.reload();
            }),
            listen(&source, "error", move |event| {
                let source = event.target().and_then(|target| target.dyn_into::<EventSource>().ok());
                // The browser reopens by itself what was cut off, but not what was refused.
                if source.is_some_and(|source| source.ready_state() == EventSource::CLOSED) {
                    self.reopen_later();
                }
            }),
        ];
        self.stream.try_set_value(Some(Stream { source, _listeners: listeners }));
    }

    fn close(self) {
        if let Some(stream) = self.stream.try_update_value(Option::take).flatten() {
            stream.source.close();
        }
    }

    /// The functions of the old stream must not be dropped while one of them runs, so this is for timers alone.
    fn reopen(self) {
        self.close();
        self.open();
    }

    fn reopen_later(self) {
        // A silent stream is opened again with every fetch of the list.
        if self.is_silent.try_get_untracked() != Some(false) {
            return;
        }
        let Some(pause) = self.pause.try_get_value() else { return };
        self.pause.set_value(pause * 2);
        self.timer.set_value(set_timeout_with_handle(move || self.reopen(), pause).ok());
    }

    fn heard(self) {
        if self.is_silent.try_get_untracked() == Some(true) {
            self.is_silent.set(false);
        }
        self.expect_within(SILENCE_LIMIT);
    }

    fn expect_within(self, limit: Duration) {
        stop(self.watchdog);
        let due = clock::own().plus_millis(limit.as_millis().try_into().unwrap_or(i64::MAX));
        self.watchdog.try_set_value(set_timeout_with_handle(move || self.missed(due), limit).ok());
    }

    fn missed(self, due: Timestamp) {
        // A device that wakes up finds every timer overdue, and knows nothing of its network yet.
        let was_asleep = clock::own().0 - due.0 > LATE.as_millis().try_into().unwrap_or(i64::MAX);
        stop(self.timer);
        self.hosts.reload();
        self.reopen();
        if was_asleep && self.is_silent.try_get_untracked() == Some(false) {
            self.expect_within(HEAD_LIMIT);
        } else {
            self.is_silent.try_set(true);
            self.expect_within(POLL_PAUSE);
        }
    }

    /// A host on this page is replaced in place; another one may belong anywhere, so the page is fetched again.
    fn seen(self, event: &Event) {
        let Some(host) = data::<Host>(event) else { return };
        let known = self.hosts.data.try_maybe_update(|page| {
            let place = page.as_mut().and_then(|page| page.items.iter_mut().find(|known| known.id == host.id));
            let known = place.is_some();
            if let Some(place) = place {
                *place = host;
            }
            // What is not on this page must not redraw it.
            (known, known)
        });
        if known == Some(false) || self.in_place.try_get_untracked() == Some(false) {
            self.reload_soon();
        }
    }

    /// Fetches the page once for all that comes in a while: of a thousand machines, twenty are on it.
    fn reload_soon(self) {
        if self.reload.try_get_value().flatten().is_some() {
            return;
        }
        let reload = move || {
            self.reload.try_set_value(None);
            self.hosts.reload();
        };
        self.reload.try_set_value(set_timeout_with_handle(reload, RELOAD_PAUSE).ok());
    }

    fn deleted(self, event: &Event) {
        let Some(Deleted { id }) = data(event) else { return };
        let shown = self
            .hosts
            .data
            .try_with_untracked(|page| page.as_ref().is_some_and(|page| page.items.iter().any(|host| host.id == id)));
        if shown == Some(true) {
            self.hosts.reload();
        }
    }
}

fn stop(timer: StoredValue<Option<TimeoutHandle>>) {
    if let Some(timer) = timer.try_get_value().flatten() {
        timer.clear();
    }
}

fn listen(source: &EventSource, name: &str, run: impl FnMut(Event) + 'static) -> Closure<dyn FnMut(Event)> {
    let listener = Closure::<dyn FnMut(Event)>::new(run);
    let _ = source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener
}

fn data<T: serde::de::DeserializeOwned>(event: &Event) -> Option<T> {
    let text = event.dyn_ref::<MessageEvent>()?.data().as_string()?;
    api_client::parse(&text).ok()
}
