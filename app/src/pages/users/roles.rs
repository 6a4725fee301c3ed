//! The choice of roles, and the dialog that changes somebody's.

use super::People;
use crate::{
    components::{Modal, Tone, cancel_and, choices, form, form_problem, submit_button},
    dom::{El, el, group},
    drafts::kept,
    rest,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{Role, Roles, UpdateUser, User};

/// Check boxes, one for each role.
pub fn picker(chosen: RwSignal<Roles>, submission: Submission) -> El {
    let boxes = group(Role::ALL.iter().map(|role| one(*role, chosen)));
    choices("Roles", boxes, submission.error("roles", "Roles"))
}

fn one(role: Role, chosen: RwSignal<Roles>) -> El {
    let words = match role {
        Role::Viewer => ": sees hosts",
        Role::Operator => ": sees, reports and changes hosts",
        Role::Administrator => ": may do everything",
    };
    let input = el("input", "").attr("type", "checkbox").flag("checked", chosen.get_untracked().contains(role)).on(
        "change",
        move |event| {
            let on = event_target_checked(&event);
            chosen.update(|set| {
                let wanted = |other: &Role| if *other == role { on } else { set.contains(*other) };
                *set = Role::ALL.iter().copied().filter(wanted).collect();
            });
        },
    );
    let label = el("span", "").child(role.as_str()).child(el("span", "muted").child(words));
    el("label", "choice").child(input).child(label)
}

/// The names of the chosen roles, as the API takes them.
pub fn names(roles: Roles) -> Vec<String> {
    roles.iter().map(|role| role.as_str().to_owned()).collect()
}

/// The dialog.
pub fn dialog(user: &User, people: People) -> El {
    Modal::draw("Change roles", || false, move || people.open.set(None), |modal| settings(user, people, &modal))
}

fn settings(user: &User, people: People, modal: &Modal) -> El {
    let submission = Submission::new();
    let chosen = kept("roles.chosen", || user.roles);
    let path = ["/api/v1/users/", &user.id.to_string()].concat();
    let closing = modal.clone();
    let submit = move || {
        if chosen.get_untracked().is_empty() {
            return submission.refuse(&[("roles", "need at least one choice")]);
        }
        let request = UpdateUser { roles: Some(names(chosen.get_untracked())), active: None };
        let modal = closing.clone();
        submission.send(rest::submit(Method::PATCH, &path, &request), move |user: User| {
            people.notices.show(Tone::Good, ["The roles of ", &user.username, " were changed."].concat());
            people.users.reload();
            people.session.ask();
            modal.close();
        });
    };
    form("form", submit)
        .child(el("h2", "").child("Change roles"))
        .child(form_problem(submission, &["roles"]))
        .child(el("p", "").child(el("strong", "").child(user.username.as_str())).child(if people.is_visitor(user) {
            " is you: what you take away is gone from your own tokens and sessions at once."
        } else {
            ": what you take away is gone from their tokens and sessions at once."
        }))
        .child(picker(chosen, submission))
        .child(cancel_and(modal, submit_button("Save", "button primary", submission)))
}
