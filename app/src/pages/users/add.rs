//! The dialog that adds a person.

use super::{
    invitation::{InvitationDialog, Link},
    roles::{self, RolePicker},
    use_people,
};
use crate::{
    api_client,
    components::{DialogForm, TextField},
    drafts::{kept, kept_text},
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{CreateUser, Role, Roles};

#[component]
pub fn AddDialog() -> impl IntoView {
    let link = Link::new(None);
    view! {
        <InvitationDialog label="Add person" link=link>
            <Settings link=link />
        </InvitationDialog>
    }
}

#[component]
fn Settings(link: Link) -> impl IntoView {
    let people = use_people();
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
        submission.send(api_client::submit(Method::POST, "/api/v1/users", &request), move |invited| {
            people.users.reload();
            link.try_set(Some(invited));
        });
    };
    view! {
        <DialogForm title="Add person" submission=submission fields=&["username", "email", "roles"] submit="Add"  on_submit=submit>
            <TextField
                label="Username"
                value=username
                required=true
                error=submission.error("username", "Username")
                autofocus=true
            />
            <TextField
                label="Email"
                value=email
                kind="email"
                required=true
                error=submission.error("email", "Email")
            />
            <RolePicker chosen=chosen submission=submission />
        </DialogForm>
    }
}
