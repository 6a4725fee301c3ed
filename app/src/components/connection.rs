//! Whether the browser has a network. Without one the page says so, once, instead of failing everywhere.

use crate::{clock, wording};
use leptos::{ev, prelude::*};

#[derive(Clone, Copy)]
pub struct Connection(RwSignal<bool>);

pub fn use_connection() -> Connection {
    expect_context()
}

impl Connection {
    pub fn provide() {
        let online = RwSignal::new(window().navigator().on_line());
        window_event_listener(ev::online, move |_| online.set(true));
        window_event_listener(ev::offline, move |_| online.set(false));
        provide_context(Self(online));
    }

    pub fn is_online(self) -> bool {
        self.0.get()
    }
}

#[component]
pub fn OfflineBanner() -> impl IntoView {
    let connection = use_connection();
    view! {
        <div class="offline-area" aria-live="polite">
            {move || {
                (!connection.is_online())
                    .then(|| view! { <p class="offline">"You are offline. What you see may be out of date."</p> }.into_any())
            }}
        </div>
    }
}

#[component]
pub fn ClockBanner() -> impl IntoView {
    // A difference that moves by seconds is the same sentence.
    let words = Memo::new(move |_| clock::difference().map(wording::clock_difference));
    view! {
        <div aria-live="polite">{move || words.get().map(|words| view! { <p class="offline">{words}</p> }.into_any())}</div>
    }
}
