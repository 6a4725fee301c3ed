//! The dialogs that rename a host or forget it.

use crate::{
    api_client,
    components::{ButtonKind, DialogForm, Modal, TextField, Tone, use_modal, use_notices},
    drafts::kept,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{Host, UpdateHost};

fn path_of(host: &Host) -> String {
    ["/api/v1/hosts/", &host.id.to_string()].concat()
}

#[component]
pub fn RenameDialog(host: Host, on_changed: Callback<()>, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    view! {
        <Modal label="Rename host" on_close=on_close>
            <Rename host=host on_changed=on_changed />
        </Modal>
    }
}

#[component]
fn Rename(host: Host, on_changed: Callback<()>) -> impl IntoView {
    let (notices, modal) = (use_notices(), use_modal());
    let submission = Submission::new();
    let name = kept("rename.name", || host.friendly_name.clone().unwrap_or_default());
    let path = path_of(&host);
    let submit = move || {
        let name = Some(name.with_untracked(|name| name.trim().to_owned())).filter(|name| !name.is_empty());
        let request = UpdateHost { friendly_name: Some(name) };
        submission.send(api_client::submit(Method::PATCH, &path, &request), move |_: Host| {
            notices.show(Tone::Good, "The host was renamed.");
            on_changed.run(());
            modal.close();
        });
    };
    let hint = ["Left empty, it goes by its hostname, ", &host.hostname, "."].concat();
    view! {
        <DialogForm title="Rename host" submission=submission fields=&["friendly_name"] submit="Save"  on_submit=submit>
            <TextField
                label="Name"
                value=name
                hint=hint
                error=submission.error("friendly_name", "Name")
                autofocus=true
            />
        </DialogForm>
    }
}

#[component]
pub fn DeleteDialog(host: Host, on_changed: Callback<()>, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    view! {
        <Modal label="Delete host" on_close=on_close>
            <Delete host=host on_changed=on_changed />
        </Modal>
    }
}

#[component]
fn Delete(host: Host, on_changed: Callback<()>) -> impl IntoView {
    let (notices, modal) = (use_notices(), use_modal());
    let submission = Submission::new();
    let path = path_of(&host);
    let submit = move || {
        submission.send(api_client::delete(&path), move |()| {
            notices.show(Tone::Good, "The host was deleted.");
            on_changed.run(());
            modal.close();
        });
    };
    view! {
        <DialogForm title="Delete host" submission=submission submit="Delete now" kind=ButtonKind::Danger on_submit=submit>
            <p>
                <strong>{host.friendly_name.unwrap_or(host.hostname)}</strong>
                " is forgotten with all that it reported. If it reports again, it comes back as a new host."
            </p>
        </DialogForm>
    }
}
