//! The choice of roles, and the dialog that changes a person's roles.

use super::use_people;
use crate::{
    api_client,
    components::{Choices, DialogForm, Modal, Tone, use_modal},
    drafts::kept,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{Role, Roles, UpdateUser, User};

#[component]
pub fn RolePicker(chosen: RwSignal<Roles>, submission: Submission) -> impl IntoView {
    view! {
        <Choices legend="Roles" error=submission.error("roles", "Roles")>
            {Role::ALL.iter().map(|role| view! { <One role=*role chosen=chosen /> }).collect_view()}
        </Choices>
    }
}

#[component]
fn One(role: Role, chosen: RwSignal<Roles>) -> impl IntoView {
    let words = match role {
        Role::Viewer => ": sees hosts",
        Role::Operator => ": sees, reports and changes hosts",
        Role::Administrator => ": may do everything",
    };
    let toggle = move |is_on: bool| {
        chosen.update(|set| {
            let wanted = |other: &Role| if *other == role { is_on } else { set.contains(*other) };
            *set = Role::ALL.iter().copied().filter(wanted).collect();
        });
    };
    view! {
        <label class="choice">
            <input
                type="checkbox"
                prop:checked=move || chosen.get().contains(role)
                on:change=move |event| toggle(event_target_checked(&event))
            />
            <span>{role.as_str()} <span class="muted">{words}</span></span>
        </label>
    }
}

pub fn names(roles: Roles) -> Vec<String> {
    roles.iter().map(|role| role.as_str().to_owned()).collect()
}

#[component]
pub fn RolesDialog(user: User) -> impl IntoView {
    view! {
        <Modal label="Change roles" on_close=use_people().close()>
            <Settings user=user />
        </Modal>
    }
}

#[component]
fn Settings(user: User) -> impl IntoView {
    let people = use_people();
    let modal = use_modal();
    let submission = Submission::new();
    let chosen = kept("roles.chosen", || user.roles);
    let path = ["/api/v1/users/", &user.id.to_string()].concat();
    let submit = move || {
        if chosen.get_untracked().is_empty() {
            return submission.refuse(&[("roles", "need at least one choice")]);
        }
        let request = UpdateUser { roles: Some(names(chosen.get_untracked())), active: None };
        submission.send(api_client::submit(Method::PATCH, &path, &request), move |user: User| {
            people.notices.show(Tone::Good, ["The roles of ", &user.username, " were changed."].concat());
            people.users.reload();
            people.auth.ask();
            modal.close();
        });
    };
    let words = if people.is_visitor(&user) {
        " is you: what you take away is gone from your own tokens and sessions at once."
    } else {
        ": what you take away is gone from their tokens and sessions at once."
    };
    view! {
        <DialogForm title="Change roles" submission=submission fields=&["roles"] submit="Save"  on_submit=submit>
            <p>
                <strong>{user.username}</strong>
                {words}
            </p>
            <RolePicker chosen=chosen submission=submission />
        </DialogForm>
    }
}
