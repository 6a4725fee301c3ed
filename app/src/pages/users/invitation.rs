//! The link by which a person chooses their password. It is shown once, to be sent to them; a lost one can be made anew.

use super::People;
use crate::{
    components::{
        Modal, ask_before_leaving, button, cancel_and, check_box, copy_line, form, form_problem, submit_button,
    },
    dom::{El, el, live},
    rest,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{CreateInvitation, Secret, User};

/// What is needed of [`uptrakit_api::CreatedUser`], read flat because that is much less code.
#[derive(Clone, serde::Deserialize)]
pub struct Invited {
    username: String,
    invite_url: Secret,
}

/// The link, once it is made.
pub type Link = RwSignal<Option<Invited>>;

/// A dialog that ends with a link: what comes before it is drawn by `settings`.
pub fn dialog(label: &'static str, people: People, settings: impl Fn(People, Link, &Modal) -> El + 'static) -> El {
    let link: Link = RwSignal::new(None);
    // The link is shown once: only Done takes it away, and only when it is somewhere else.
    let done = RwSignal::new(false);
    Modal::draw(
        label,
        move || link.with(Option::is_some) && !done.get(),
        move || people.open.set(None),
        move |modal| {
            live(move || match link.get() {
                None => untrack(|| settings(people, link, &modal)),
                Some(invited) => untrack(|| shown(invited, people, done, &modal)),
            })
        },
    )
}

/// The dialog that makes another link for somebody.
pub fn anew(user: User, people: People) -> El {
    dialog("New link", people, move |people, link, modal| ask(&user, people, link, modal))
}

fn ask(user: &User, people: People, link: Link, modal: &Modal) -> El {
    let submission = Submission::new();
    let path = ["/api/v1/users/", &user.id.to_string(), "/invitation"].concat();
    let submit = move || {
        submission.send(rest::submit(Method::POST, &path, &CreateInvitation {}), move |invited| {
            people.users.reload();
            link.try_set(Some(invited));
        });
    };
    form("form", submit)
        .child(el("h2", "").child("New link"))
        .child(form_problem(submission, &[]))
        .child(el("p", "").child(el("strong", "").child(user.username.as_str())).child(
            " has not chosen a password yet. A new link works for seven days; the one before stops working at once.",
        ))
        .child(cancel_and(modal, submit_button("Make link", "button primary", submission)))
}

fn shown(invited: Invited, people: People, done: RwSignal<bool>, modal: &Modal) -> El {
    let Invited { username, invite_url: Secret(url) } = invited;
    people.session.hold();
    let sent = RwSignal::new(false);
    ask_before_leaving(move || sent.try_get() == Some(false) && done.try_get() == Some(false));
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
