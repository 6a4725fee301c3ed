//! Asks before the tab is closed or reloaded while it shows what can't be shown again. The browser asks in its own words.

use leptos::{ev, prelude::*};

pub fn ask_before_leaving(unsaved: impl Fn() -> bool + 'static) {
    let asking = window_event_listener(ev::beforeunload, move |event| {
        if untrack(&unsaved) {
            event.prevent_default();
        }
    });
    on_cleanup(move || asking.remove());
}
