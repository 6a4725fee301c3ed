//! What the page says by itself: sentences in the flow, the notice, being offline, dialogs, the sight of a new token,
//! and the shapes that stand where something will be.

use super::{panel, samples};
use crate::{
    components::{Announcer, Modal, Notices, Tone, button, callout, cancel_and, copy_line, skeleton_page},
    dom::{El, el, live},
};
use leptos::prelude::*;

const SENTENCE: &str = "Revoked. Effective everywhere since 14:03:07.120; 2 requests were cut off.";

/// Each of them.
pub fn panels() -> Vec<El> {
    vec![
        panel("Callouts", callouts()),
        panel("Notice, announcement, dialogs", spoken()),
        panel("Offline", el("p", "offline").child("You are offline. What you see may be out of date.")),
        panel("A new token", reveal()),
        panel("A page that is not known yet", skeleton_page()),
    ]
}

fn callouts() -> El {
    el("div", "form")
        .child(callout(Tone::Good, SENTENCE))
        .child(callout(Tone::Warn, "A token without an end is a risk for as long as it exists."))
        .child(callout(Tone::Bad, "The current password is wrong."))
}

fn spoken() -> El {
    let notices = Notices::current();
    let announcer = Announcer::current();
    let (open, locked) = (RwSignal::new(false), RwSignal::new(false));
    let opener = |label: &str, signal: RwSignal<bool>| {
        button(label, "button", move || signal.set(true)).attr("id", &label.replace(' ', "-"))
    };
    el("div", "")
        .child(samples(vec![
            button("Good notice", "button", move || notices.show(Tone::Good, SENTENCE)),
            button("Warning", "button", move || notices.show(Tone::Warn, "The old text works for another hour.")),
            button("Bad notice", "button", move || notices.show(Tone::Bad, "The server can't be reached.")),
            button("Announce to screen readers", "button", move || announcer.announce("An announcement")),
            opener("Open a dialog", open),
            opener("Open a locked dialog", locked),
        ]))
        .child(live(move || open.get().then(|| untrack(|| dialog("A dialog", open, false)))))
        .child(live(move || locked.get().then(|| untrack(|| dialog("A locked dialog", locked, true)))))
}

/// A locked one is not left with Escape.
fn dialog(title: &'static str, open: RwSignal<bool>, is_locked: bool) -> El {
    Modal::draw(
        title,
        move || is_locked && open.get(),
        move || open.set(false),
        move |modal| {
            let unlock = modal.clone();
            let done = button("Done", "button primary", move || {
                open.set(false);
                unlock.close();
            });
            el("div", "form")
                .child(el("h2", "").child(title))
                .child(el("p", "").child("The keyboard stays inside; the focus goes back to the opener."))
                .child(cancel_and(&modal, done))
        },
    )
}

fn reveal() -> El {
    let example = "upk_0000000000000000000000000000003aIdS3";
    let (line, copying) = copy_line(el("code", "").child(example), "The example", move || example.to_owned(), || {});
    let ready = el("div", "ready-line")
        .child(el("span", "muted").child("shell"))
        .child(el("code", "").attr("tabindex", "0").child(["export UPTRAKIT_TOKEN=", example].concat()))
        .child(copying.draw("shell", "button small", move || ["export UPTRAKIT_TOKEN=", example].concat()));
    let use_of_it =
        |seen: &str, words: &str| el("div", "first-use").attr("data-seen", seen).child(el("span", "").child(words));
    el("div", "form reveal")
        .child(line)
        .child(ready)
        .child(use_of_it("false", "Waiting for its first use…"))
        .child(use_of_it("true", "First use seen from 10.0.3.7"))
}
