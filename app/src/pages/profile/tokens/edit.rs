//! The dialog that changes a token's name or limits; what it may no longer do ends with the answer.

use super::{Section, networks};
use crate::{
    components::{Field, Modal, Tone, cancel_and, form, form_problem, permission_picker, submit_button},
    dom::{El, el},
    drafts::kept,
    rest, rpc,
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::{Permissions, Token, UpdateToken};

/// The dialog.
pub fn dialog(token: Token, section: Section) -> El {
    Modal::draw("Edit token", || false, section.closed(), |modal| settings(token, section, &modal))
}

fn settings(before: Token, section: Section, modal: &Modal) -> El {
    let submission = Submission::new();
    let Some(visitor) = section.visitor() else { return el("p", "").child("You are not signed in any more.") };
    let offered = visitor.account.permissions;
    let name = kept("edit.name", || before.name.clone());
    let narrowed = kept("edit.narrowed", || before.permissions.is_some());
    // What the account has lost since is not offered, and stays as it is unless the choice is changed.
    let shown = before.permissions.map(|set| set.intersection(offered));
    let chosen = kept("edit.permissions", || shown.unwrap_or(Permissions::NONE));
    let nets = kept("edit.networks", || networks::lines(before.allowed_networks.as_deref()));
    let closing = modal.clone();
    let submit = move || {
        let permissions = narrowed.get_untracked().then(|| chosen.get_untracked());
        if permissions != shown && permissions == Some(Permissions::NONE) {
            return submission.refuse(&[("permissions", "need at least one choice")]);
        }
        // What was not touched is left out, so that somebody else's change to it stands.
        let networks = networks::parse(&nets.get_untracked());
        let names = |set: Permissions| set.iter().map(|permission| permission.as_str().to_owned()).collect();
        let request = UpdateToken {
            name: Some(name.get_untracked()).filter(|name| *name != before.name),
            permissions: (permissions != shown).then(|| permissions.map(names)),
            allowed_networks: (networks != before.allowed_networks).then_some(networks),
        };
        let modal = closing.clone();
        submission.send(rest::call(&rpc::UpdateToken { id: before.id, request }), move |token| {
            section.notices.show(Tone::Good, [&token.name, " was changed."].concat());
            section.changed();
            modal.close();
        });
    };
    form("form", submit)
        .child(el("h2", "").child("Edit token"))
        .child(form_problem(submission, &["name", "permissions", "allowed_networks"]))
        .child(Field::line("Name", name).attr("required", "").error(submission.error("name", "Name")).first().draw())
        .child(permission_picker(narrowed, chosen, offered, submission.error("permissions", "Permissions")))
        .child(networks::field(nets, visitor.address, submission))
        .child(cancel_and(modal, submit_button("Save", "button primary", submission)))
}
