//! Keeps the list of hosts up to date from the server's event stream. A stream that breaks is opened again quietly,
//! with growing pauses, and the list is fetched anew, because what happened in between is not sent again. A stream that is
//! silent for too long is held back by something on the way: then the page says so, and the list is fetched now and then.

use crate::{api_client, clock, loader::Loader};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use uptrakit_api::{Host, HostId, Page, Timestamp};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

const PATH: &str = "/api/v1/hosts/events";
/// Time that the server's answer may take.
const HEAD_LIMIT_MILLIS: u32 = 10_000;
/// Time that the stream may be silent: the server sends a `ping` every 15 seconds, and one may be lost.
const SILENCE_LIMIT_MILLIS: u32 = 35_000;
/// Pause between two fetches of the list while the stream is silent.
const POLL_PAUSE_MILLIS: u32 = 30_000;
/// A timer that is late by more than this was stopped, with its device or its tab.
const LATE_MILLIS: i64 = 5_000;
/// Time in which changes of hosts that are not on the page are gathered before it is fetched again.
const RELOAD_PAUSE_MILLIS: u32 = 1_000;
/// Pause before a stream that was refused is opened again, the first time. Each further one is twice as long.
const REOPEN_PAUSE_MILLIS: u32 = 1_000;

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
    reopen_pause_millis: StoredValue<u32>,
    /// Opens a stream again that was refused.
    reopen: StoredValue<Option<Timeout>, LocalStorage>,
    reload: StoredValue<Option<Timeout>, LocalStorage>,
    watchdog: StoredValue<Option<Timeout>, LocalStorage>,
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
        reopen_pause_millis: StoredValue::new(REOPEN_PAUSE_MILLIS),
        reopen: StoredValue::new_local(None),
        reload: StoredValue::new_local(None),
        watchdog: StoredValue::new_local(None),
        is_silent: RwSignal::new(false),
    };
    follower.open();
    follower.expect_within(HEAD_LIMIT_MILLIS);
    on_cleanup(move || follower.close());
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
                self.reopen_pause_millis.try_set_value(REOPEN_PAUSE_MILLIS);
                if self.is_silent.try_get_untracked() == Some(false) {
                    self.expect_within(SILENCE_LIMIT_MILLIS);
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
    fn open_anew(self) {
        self.close();
        self.open();
    }

    fn reopen_later(self) {
        // A silent stream is opened again with every fetch of the list.
        if self.is_silent.try_get_untracked() != Some(false) {
            return;
        }
        let Some(pause) = self.reopen_pause_millis.try_get_value() else { return };
        self.reopen_pause_millis.set_value(pause.saturating_mul(2));
        self.reopen.set_value(Some(Timeout::new(pause, move || self.open_anew())));
    }

    fn heard(self) {
        if self.is_silent.try_get_untracked() == Some(true) {
            self.is_silent.set(false);
        }
        self.expect_within(SILENCE_LIMIT_MILLIS);
    }

    fn expect_within(self, millis: u32) {
        let due = clock::own().plus_millis(millis.into());
        self.watchdog.try_set_value(Some(Timeout::new(millis, move || self.missed(due))));
    }

    fn missed(self, due: Timestamp) {
        // A device that wakes up finds every timer overdue, and knows nothing of its network yet.
        let was_asleep = clock::own().0 - due.0 > LATE_MILLIS;
        self.reopen.try_set_value(None);
        self.hosts.reload();
        self.open_anew();
        if was_asleep && self.is_silent.try_get_untracked() == Some(false) {
            self.expect_within(HEAD_LIMIT_MILLIS);
        } else {
            self.is_silent.try_set(true);
            self.expect_within(POLL_PAUSE_MILLIS);
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
        if self.reload.try_with_value(Option::is_some) != Some(false) {
            return;
        }
        let reload = move || {
            self.reload.try_set_value(None);
            self.hosts.reload();
        };
        self.reload.try_set_value(Some(Timeout::new(RELOAD_PAUSE_MILLIS, reload)));
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

fn listen(source: &EventSource, name: &str, run: impl FnMut(Event) + 'static) -> Closure<dyn FnMut(Event)> {
    let listener = Closure::<dyn FnMut(Event)>::new(run);
    let _ = source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener
}

fn data<T: serde::de::DeserializeOwned>(event: &Event) -> Option<T> {
    let text = event.dyn_ref::<MessageEvent>()?.data().as_string()?;
    api_client::parse(&text).ok()
}
