//! The dialog that gives a token a new text. The old one may go on working for a while, so that nothing stops
//! while the new one is being put in place.

use super::{Section, reveal};
use crate::{
    clock,
    components::{Modal, Tone, callout, cancel_and, form, form_problem, last_use, select_field, submit_button},
    dom::{El, el, live},
    drafts::kept,
    lifetime, rpc,
    submission::Submission,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{RotateToken, Token};

const OVERLAPS: &[(&str, &str)] =
    &[("0", "At once (it leaked)"), ("3600", "In 1 hour"), ("86400", "In 24 hours"), ("604800", "In 7 days")];

/// The dialog.
pub fn dialog(token: &Token, section: Section) -> El {
    let rotated = RwSignal::new(None::<reveal::Shown>);
    let token = token.clone();
    Modal::draw(
        "Rotate token",
        move || reveal::is_locked(rotated),
        section.closed(),
        move |modal| {
            live(move || match rotated.get() {
                None => untrack(|| settings(&token, section, &modal, rotated)),
                Some(shown) => untrack(|| reveal::reveal(shown, "New text of ", &token.name, section, &modal)),
            })
        },
    )
}

fn settings(token: &Token, section: Section, modal: &Modal, rotated: RwSignal<Option<reveal::Shown>>) -> El {
    let submission = Submission::new();
    // What is in use goes on working unless the person says otherwise.
    let in_use = lifetime::used_lately(token.last_used_at, clock::now());
    let overlap = kept("rotate.overlap", || if in_use { "86400" } else { "0" }.to_owned());
    let id = token.id;
    let submit = move || {
        let request = RotateToken { overlap_seconds: overlap.get_untracked().parse().unwrap_or(0) };
        submission.send(reveal::answer_of(&rpc::RotateToken { id, request }), move |answer| {
            reveal::show(rotated, answer);
            section.changed();
        });
    };
    let stops = move || in_use && overlap.get() == "0";
    let hint = Rc::new(move || {
        let hint = if overlap.get() == "0" {
            "Whatever uses the old text stops working until it has the new one."
        } else {
            "Until then both texts work. Revoking the token ends both."
        };
        (!stops()).then(|| hint.to_owned())
    });
    let options: Vec<_> = OVERLAPS.iter().map(|(value, name)| ((*value).to_owned(), (*name).to_owned())).collect();
    let error = submission.error("overlap_seconds", "The overlap");
    let facts = el("p", "")
        .child(el("strong", "").child(token.name.as_str()))
        .child(" ")
        .child(el("code", "item").child(token.hint.as_str()))
        .child(" gets a new text. Name, permissions and expiry stay as they are. ")
        .child(last_use(token));
    let warning = live(move || {
        stops().then(|| {
            callout(Tone::Warn, "It is in use. What uses it stops working at once, until it has the new text.")
        })
    });
    form("form", submit)
        .child(el("h2", "").child("Rotate token"))
        .child(form_problem(submission, &["overlap_seconds"]))
        .child(facts)
        .child(
            el("div", "")
                .child(select_field("The old text ends", overlap, &options, error, hint))
                .child(el("div", "").attr("aria-live", "polite").child(warning)),
        )
        .child(cancel_and(modal, submit_button("Rotate now", "button primary", submission)))
}
