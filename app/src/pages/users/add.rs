//! The dialog that adds a person.

use super::{People, invitation, roles};
use crate::{
    components::{Field, Modal, cancel_and, form, form_problem, submit_button},
    dom::{El, el},
    drafts::{kept, kept_text},
    rest,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{CreateUser, Role, Roles};

/// The dialog.
pub fn dialog(people: People) -> El {
    invitation::dialog("Add person", people, settings)
}

fn settings(people: People, link: invitation::Link, modal: &Modal) -> El {
    let submission = Submission::new();
    let username = kept_text("add.username");
    let email = kept_text("add.email");
    let chosen = kept("add.roles", || Roles::of(&[Role::Viewer]));
    let submit = move || {
        if chosen.get_untracked().is_empty() {
            return submission.refuse(&[("roles", "need at least one choice")]);
        }
        let request = CreateUser {
            username: username.with_untracked(|text| text.trim().to_owned()),
            email: email.with_untracked(|text| text.trim().to_owned()),
            roles: roles::names(chosen.get_untracked()),
            password: None,
        };
        submission.send(rest::submit(Method::POST, "/api/v1/users", &request), move |invited| {
            people.users.reload();
            link.try_set(Some(invited));
        });
    };
    let name =
        Field::line("Username", username).attr("required", "").error(submission.error("username", "Username")).first();
    let email = Field::line("Email", email)
        .attr("type", "email")
        .attr("required", "")
        .error(submission.error("email", "Email"));
    form("form", submit)
        .child(el("h2", "").child("Add person"))
        .child(form_problem(submission, &["username", "email", "roles"]))
        .child(name.draw())
        .child(email.draw())
        .child(roles::picker(chosen, submission))
        .child(cancel_and(modal, submit_button("Add", "button primary", submission)))
}
