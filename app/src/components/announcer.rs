//! Says to screen readers what the eye sees happen. One text for the whole page; the frame and every open dialog
//! repeat it in a live region, because what is outside an open dialog is inert and stays silent.

use crate::{loader::Loader, wording::counted};
use leptos::prelude::*;
use uptrakit_api::Page;

#[derive(Clone, Copy)]
pub struct Announcer(RwSignal<String>);

pub fn use_announcer() -> Announcer {
    expect_context()
}

impl Announcer {
    pub fn provide() {
        provide_context(Self(RwSignal::new(String::new())));
    }

    pub fn announce(self, text: &str) {
        // The same text twice would be no change, and so would not be said again.
        let again = self.0.with_untracked(|said| said == text);
        self.0.set(if again { [text, "\u{a0}"].concat() } else { text.to_owned() });
    }
}

/// Says how many of a list were found, each time that the person has asked for something else; what it answers notes
/// that they have.
pub fn announce_found<T: Send + Sync>(list: Loader<Page<T>>, one: &'static str) -> impl Fn() + Copy {
    let announcer = use_announcer();
    let asked = StoredValue::new(false);
    Effect::new(move |_| {
        if let Some(total) = list.data.with(|page| page.as_ref().map(|page| page.total))
            && asked.get_value()
        {
            asked.set_value(false);
            announcer.announce(&(counted(total, one) + " found"));
        }
    });
    move || asked.set_value(true)
}

#[component]
pub fn LiveRegion() -> impl IntoView {
    let announcer = use_announcer();
    view! {
        <p class="visually-hidden" aria-live="polite">
            {move || announcer.0.get()}
        </p>
    }
}
