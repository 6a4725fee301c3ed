//! The dialog that changes a token's name or limits; what it may no longer do ends with the answer.

use super::{
    networks::{self, NetworksField},
    use_section,
};
use crate::{
    api_client,
    components::{DialogForm, Modal, PermissionPicker, TextField, Tone, use_modal},
    drafts::kept,
    rpc::{self, Visitor},
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::{Permissions, Token, UpdateToken};

#[component]
pub fn EditDialog(token: Token) -> impl IntoView {
    let section = use_section();
    let visitor = untrack(|| section.auth.visitor());
    view! {
        <Modal label="Edit token" on_close=section.close()>
            {visitor.map(|visitor| view! { <Settings before=token visitor=visitor /> })}
        </Modal>
    }
}

#[component]
fn Settings(before: Token, visitor: Visitor) -> impl IntoView {
    let section = use_section();
    let modal = use_modal();
    let submission = Submission::new();
    let offered = visitor.account.permissions;
    let name = kept("edit.name", || before.name.clone());
    let narrowed = kept("edit.narrowed", || before.permissions.is_some());
    // What the account has lost since is not offered, and stays as it is unless the choice is changed.
    let shown = before.permissions.map(|set| set.intersection(offered));
    let chosen = kept("edit.permissions", || shown.unwrap_or(Permissions::NONE));
    let nets = kept("edit.networks", || networks::lines(before.allowed_networks.as_deref()));
    let submit = move || {
        let permissions = narrowed.get_untracked().then(|| chosen.get_untracked());
        if permissions != shown && permissions == Some(Permissions::NONE) {
            return submission.refuse(&[("permissions", "need at least one choice")]);
        }
        // What was not touched is left out, so that another person's change to it stands.
        let networks = networks::parse(&nets.get_untracked());
        let names = |set: Permissions| set.iter().map(|permission| permission.as_str().to_owned()).collect();
        let request = UpdateToken {
            name: Some(name.get_untracked()).filter(|name| *name != before.name),
            permissions: (permissions != shown).then(|| permissions.map(names)),
            allowed_networks: (networks != before.allowed_networks).then_some(networks),
        };
        submission.send(api_client::call(&rpc::UpdateToken { id: before.id, request }), move |token| {
            section.notices.show(Tone::Good, [&token.name, " was changed."].concat());
            section.changed();
            modal.close();
        });
    };
    view! {
        <DialogForm title="Edit token" submission=submission fields=&["name", "permissions", "allowed_networks"] submit="Save"  on_submit=submit>
            <TextField
                label="Name"
                value=name
                required=true
                error=submission.error("name", "Name")
                autofocus=true
            />
            <PermissionPicker
                narrowed=narrowed
                chosen=chosen
                offered=offered
                error=submission.error("permissions", "Permissions")
            />
            <NetworksField value=nets address=visitor.address submission=submission />
        </DialogForm>
    }
}
