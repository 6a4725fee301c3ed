//! The dialog that ends a token, at once and for good. What is in use right now takes a second thought: its name
//! has to be typed.

use super::{Field, Modal, Notices, Tone, cancel_and, form, form_problem, last_use, submit_button};
use crate::{
    clock,
    dom::{El, el},
    drafts::kept_text,
    lifetime,
    rest::Pending,
    rpc::Revoked,
    submission::Submission,
    wording,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::Token;

/// What the dialog asks of whoever opens it.
pub struct Revoking {
    /// Asks the server to revoke the token.
    pub ask: Box<dyn Fn() -> Pending<Revoked>>,
    /// Takes notice that it was revoked.
    pub done: Rc<dyn Fn()>,
    /// Stops drawing the dialog.
    pub closed: Box<dyn Fn()>,
}

/// The dialog.
pub fn revoke_dialog(token: &Token, revoking: Revoking) -> El {
    let Revoking { ask, done, closed } = revoking;
    Modal::draw("Revoke token", || false, closed, |modal| confirmation(token, ask, done, &modal))
}

fn confirmation(token: &Token, ask: Box<dyn Fn() -> Pending<Revoked>>, done: Rc<dyn Fn()>, modal: &Modal) -> El {
    let notices = Notices::current();
    let submission = Submission::new();
    let typed = kept_text("revoke.name");
    let in_use = lifetime::used_lately(token.last_used_at, clock::now());
    let expected = StoredValue::new(token.name.clone());
    // A page shows several spaces as one, so that nobody could type or copy them.
    let is_same = |one: &str, other: &str| one.split_whitespace().eq(other.split_whitespace());
    let confirmed = move || !in_use || typed.with(|typed| expected.with_value(|name| is_same(typed, name)));
    let closing = modal.clone();
    let submit = move || {
        if !untrack(confirmed) {
            return;
        }
        let (modal, done) = (closing.clone(), Rc::clone(&done));
        submission.send(ask(), move |revoked| {
            notices.show(Tone::Good, wording::revoked(&clock::time_with_millis(revoked.at), revoked.cut_off));
            done();
            modal.close();
        });
    };
    let facts = el("p", "")
        .child(el("strong", "").child(token.name.as_str()))
        .child(" ")
        .child(el("code", "item").child(token.hint.as_str()))
        .child(" stops working everywhere, at once and for good. ")
        .child(last_use(token));
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
