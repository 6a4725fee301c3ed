//! The dialog that asks before somebody is deactivated.

use super::People;
use crate::{
    components::{Modal, cancel_and, form, submit_button},
    dom::{El, el},
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::User;

/// The dialog.
pub fn dialog(user: User, people: People) -> El {
    Modal::draw("Deactivate", || false, move || people.open.set(None), |modal| question(user, people, &modal))
}

fn question(user: User, people: People, modal: &Modal) -> El {
    let name = el("strong", "").child(user.username.as_str());
    let words = if people.is_visitor(&user) {
        " is you: you are signed out and can't sign in again, and your tokens stop working, everywhere and at once."
    } else {
        " is signed out, and their tokens stop working, everywhere and at once."
    };
    let title = ["Deactivate ", &user.username].concat();
    let closing = modal.clone();
    let submit = move || {
        people.set_active(&user, false);
        closing.close();
    };
    form("form", submit)
        .child(el("h2", "").child(title))
        .child(el("p", "").child(name).child(words))
        .child(cancel_and(modal, submit_button("Deactivate", "button danger", Submission::new())))
}
