//! The dialog that ends a token, at once and for good. What is in use right now takes a second thought: its name
//! has to be typed.

use super::Section;
use crate::{
    clock,
    components::{Field, Modal, Tone, cancel_and, form, form_problem, instant, submit_button},
    dom::{El, el},
    lifetime, rest, rpc,
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{Timestamp, Token};

/// The dialog.
pub fn dialog(token: &Token, section: Section) -> El {
    Modal::draw("Revoke token", || false, section.closed(), |modal| confirmation(token, section, &modal))
}

fn confirmation(token: &Token, section: Section, modal: &Modal) -> El {
    let submission = Submission::new();
    let typed = RwSignal::new(String::new());
    let in_use = lifetime::used_lately(token.last_used_at, clock::now());
    let expected = StoredValue::new(token.name.clone());
    let confirmed = move || !in_use || typed.with(|typed| typed.trim() == expected.get_value());
    let id = token.id;
    let closing = modal.clone();
    let submit = move || {
        if !untrack(confirmed) {
            return;
        }
        let modal = closing.clone();
        submission.send(rest::call(&rpc::RevokeToken { id }), move |revoked| {
            section.notices.show(Tone::Good, told(revoked.at, revoked.cut_off));
            section.changed();
            modal.close();
        });
    };
    let mut facts = el("p", "")
        .child(el("strong", "").child(token.name.as_str()))
        .child(" ")
        .child(el("code", "").child(token.hint.as_str()))
        .child(" stops working everywhere, at once and for good. ");
    facts = match token.last_used_at {
        None => facts.child("It was never used."),
        Some(at) => {
            facts = facts.child("It was last used ").child(instant(at));
            if let Some(address) = &token.last_used_ip {
                facts = facts.child(" from ").child(el("code", "").child(address.as_str()));
            }
            facts.child(".")
        }
    };
    let name = in_use.then(|| {
        Field::line("Type the name to confirm", typed)
            .hint(["It was used within the last 24 hours. Its name: ", &token.name].concat())
            .first()
            .draw()
    });
    let submit_button =
        submit_button("Revoke now", "button danger", submission).live_flag("disabled", move || !confirmed());
    form("form", submit)
        .child(el("h2", "").child("Revoke token"))
        .child(form_problem(submission, &[]))
        .child(facts)
        .child(name)
        .child(cancel_and(modal, submit_button))
}

/// What the revoke did, to the millisecond.
fn told(at: Timestamp, cut_off: u64) -> String {
    let was = if cut_off == 1 { "was" } else { "were" };
    let (when, requests) = (clock::time_with_millis(at), counted(cut_off, "request"));
    format!("Revoked. Effective everywhere since {when}; {requests} {was} cut off.")
}
