//! One token in the list.

use super::{Open, Section};
use crate::{
    clock,
    components::{Tone, actions_cell, instant, row_button, token_row},
    dom::{El, el},
    rest, rpc,
};
use leptos::prelude::*;
use uptrakit_api::{Rotation, Token, TokenState};

/// The row.
pub fn row(token: &Token, section: Section, may_write: bool) -> El {
    let overlap = token.rotation.as_ref().map(|rotation| overlap(token, rotation, section, may_write));
    let mut actions = actions_cell();
    if may_write {
        actions = actions.child(buttons(token, section));
    }
    token_row(token, overlap, actions)
}

fn buttons(token: &Token, section: Section) -> Vec<El> {
    let id = token.id.to_string();
    let opens = |label: &str, of: &str, class: &str, open: Open| {
        row_button(label, of, &id, class, move || section.open.set(Some(open.clone())))
    };
    if token.state == TokenState::Active {
        vec![
            opens("Rotate", &token.name, "button ghost small", Open::Rotate(token.clone())),
            opens("Edit", &token.name, "button ghost small", Open::Edit(token.clone())),
            opens("Revoke", &token.name, "button ghost small bad", Open::Revoke(token.clone())),
        ]
    } else {
        let of = ["with the same settings: ", &token.name].concat();
        vec![
            opens("Create again", &of, "button ghost small", Open::Create(Some(token.clone())))
                .attr("title", "Create again with the same settings"),
        ]
    }
}

/// While the text before a rotation still works: whether something still uses it, and the way to end it now.
fn overlap(token: &Token, rotation: &Rotation, section: Section, may_write: bool) -> El {
    let id = token.id;
    let end_now = move || {
        section.session.call(rest::call(&rpc::EndOverlap { id }), move |answer| {
            match answer {
                Ok(()) => section.notices.show(Tone::Good, "The old text is refused from now on."),
                Err(problem) => section.notices.show(Tone::Bad, problem.detail),
            }
            section.changed();
        });
    };
    let use_of_it = match rotation.old_last_used_at {
        None => el("span", "").child("Old text not used since the rotation"),
        Some(at) => {
            let mut used = el("span", "").child("Old text still used ").child(instant(at));
            if let Some(address) = &rotation.old_last_used_ip {
                used = used.child(" from ").child(el("code", "").child(address.as_str()));
            }
            used
        }
    };
    let of = [": the old text of ", &token.name].concat();
    let end = rotation.overlap_ends_at;
    el("div", "overlap")
        .live_flag("hidden", move || clock::ticking() >= end)
        .child(use_of_it)
        .child(
            el("span", "sub")
                .child(el("code", "item").child(rotation.old_hint.as_str()))
                .child(" ends ")
                .child(instant(end)),
        )
        .child(may_write.then(|| row_button("End it now", &of, &id.to_string(), "button small", end_now)))
}
