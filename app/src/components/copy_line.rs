//! A text to take along: one line of monospace with its Copy. Where the browser refuses the clipboard, the text is selected
//! for a copy by hand.

use super::{CopyButton, Tone, callout};
use crate::dom::{El, el, live};
use leptos::prelude::*;
use std::rc::Rc;

/// Draws the line around `shown`, the element that holds the text; `what` begins a sentence about it. `on_copied` runs
/// after every copy, one by hand included. With the line comes what more buttons need to copy like its own.
pub fn copy_line(
    shown: El,
    what: &'static str,
    text: impl Fn() -> String + 'static,
    on_copied: impl Fn() + 'static,
) -> (El, CopyButton) {
    let on_copied = Rc::new(on_copied);
    let refused = RwSignal::new(false);
    let by_hand = Rc::clone(&on_copied);
    let shown = shown.attr("tabindex", "0").on("copy", move |_| by_hand());
    let selected = shown.clone();
    let copying = CopyButton {
        on_copied,
        on_refused: Rc::new(move || {
            refused.set(true);
            select(&selected);
        }),
    };
    let help = live(move || {
        let how = " is selected: press Ctrl+C (⌘C on a Mac), or copy it with the menu of your device.";
        let words = ["The browser doesn't let this page use the clipboard. ", what, how];
        refused.get().then(|| callout(Tone::Warn, &words.concat()))
    });
    let line = el("div", "")
        .child(el("div", "token-line").child(shown).child(copying.draw("", "button primary", text)))
        .child(el("div", "").attr("aria-live", "polite").child(help));
    (line, copying)
}

fn select(shown: &El) {
    if let Ok(Some(selection)) = window().get_selection() {
        let _ = selection.select_all_children(shown.node());
    }
}
