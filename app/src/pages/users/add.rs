//! The dialog that adds a person. Its answer is a link that opens once: they choose their own password with it.

use super::{People, roles};
use crate::{
    components::{Field, Modal, button, cancel_and, check_box, copy_line, form, form_problem, submit_button},
    dom::{El, el, live},
    rest,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{CreateUser, Role, Roles, Secret};

/// Somebody's name, and the link that is for them alone.
type Invitation = (String, String);

/// What the dialog needs of [`uptrakit_api::CreatedUser`], read flat because that is much less code.
#[derive(serde::Deserialize)]
struct Created {
    username: String,
    invite_url: Option<Secret>,
}

/// The dialog.
pub fn dialog(people: People) -> El {
    let link = RwSignal::new(None::<Invitation>);
    // The link is shown once: only Done takes it away, and only when it is somewhere else.
    let done = RwSignal::new(false);
    Modal::draw(
        "Add person",
        move || link.with(Option::is_some) && !done.get(),
        move || people.open.set(None),
        move |modal| {
            live(move || match link.get() {
                None => untrack(|| settings(people, link, &modal)),
                Some((username, url)) => untrack(|| invitation(&username, url, people, done, &modal)),
            })
        },
    )
}

fn settings(people: People, link: RwSignal<Option<Invitation>>, modal: &Modal) -> El {
    let submission = Submission::new();
    let username = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let chosen = RwSignal::new(Roles::of(&[Role::Viewer]));
    let closing = modal.clone();
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
        let modal = closing.clone();
        submission.send(rest::submit(Method::POST, "/api/v1/users", &request), move |created: Created| {
            people.users.reload();
            match created.invite_url {
                Some(url) => {
                    link.try_set(Some((created.username, url.0)));
                }
                None => modal.close(),
            }
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

fn invitation(username: &str, url: String, people: People, done: RwSignal<bool>, modal: &Modal) -> El {
    people.session.hold();
    let sent = RwSignal::new(false);
    let link = el("code", "").attr("data-testid", "invite-url").child(url.as_str());
    let (line, _) = copy_line(link, "The link", move || url.clone(), move || sent.set(true));
    let modal = modal.clone();
    let leave = move || {
        done.set(true);
        modal.close();
    };
    el("div", "form")
        .child(el("h2", "").attr("tabindex", "-1").child("Send this link to ").child(username).focus_at_start())
        .child(el("p", "").child("With it they choose their password. It works once, and can't be shown again."))
        .child(line)
        .child(
            el("div", "form-end")
                .child(check_box("I have sent it", sent))
                .child(button("Done", "button", leave).live_flag("disabled", move || !sent.get())),
        )
}
