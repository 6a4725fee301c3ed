//! Whether the browser has a network. Without one the page says so, once, instead of failing everywhere.

use crate::{
    clock,
    dom::{El, el, live},
    wording,
};
use leptos::{ev, prelude::*};

/// Whether the browser believes that it is online.
#[derive(Clone, Copy)]
pub struct Connection(RwSignal<bool>);

impl Connection {
    /// Follows the browser's opinion for everything below.
    pub fn provide() {
        let online = RwSignal::new(window().navigator().on_line());
        window_event_listener(ev::online, move |_| online.set(true));
        window_event_listener(ev::offline, move |_| online.set(false));
        provide_context(Self(online));
    }

    /// The one of this page.
    pub fn current() -> Self {
        expect_context()
    }

    /// Whether there is a network.
    pub fn is_online(self) -> bool {
        self.0.get()
    }
}

/// The sentence that stands above the page while there is none.
pub fn offline_banner() -> El {
    let connection = Connection::current();
    el("div", "offline-area").attr("aria-live", "polite").child(live(move || {
        (!connection.is_online()).then(|| el("p", "offline").child("You are offline. What you see may be out of date."))
    }))
}

/// The sentence that stands above the page while the device's clock is wrong by more than a minute, or the server's is.
pub fn clock_banner() -> El {
    // A difference that moves by seconds is the same sentence.
    let words = Memo::new(move |_| clock::difference().map(wording::clock_difference));
    el("div", "")
        .attr("aria-live", "polite")
        .child(live(move || words.get().map(|words| el("p", "offline").child(words))))
}
