//! Says to screen readers what the eye sees happen. One text for the whole page; the frame and every open dialog
//! repeat it in a live region, because what is outside an open dialog is inert and stays silent.

use crate::dom::{El, el, live};
use leptos::prelude::*;

/// The text that is being said.
#[derive(Clone, Copy)]
pub struct Announcer(RwSignal<String>);

impl Announcer {
    /// Makes one for everything below.
    pub fn provide() {
        provide_context(Self(RwSignal::new(String::new())));
    }

    /// The one of this page.
    pub fn current() -> Self {
        expect_context()
    }

    /// Says something.
    pub fn announce(self, text: &str) {
        // The same text twice would be no change, and so would not be said again.
        let again = self.0.with_untracked(|said| said == text);
        self.0.set(if again { [text, "\u{a0}"].concat() } else { text.to_owned() });
    }
}

/// Where it is said.
pub fn live_region() -> El {
    let announcer = Announcer::current();
    el("p", "visually-hidden").attr("aria-live", "polite").child(live(move || announcer.0.get()))
}
