//! One token in the list.

use super::{Open, Section};
use crate::{
    clock,
    components::{Tone, actions_cell, badge, cell, instant, name_cell, row as table_row, row_button},
    dom::{El, el},
    lifetime, rest, rpc,
};
use leptos::prelude::*;
use uptrakit_api::{Rotation, Timestamp, Token, TokenState};

/// The row.
pub fn row(token: &Token, section: Section, may_write: bool) -> El {
    let state = match token.state {
        TokenState::Active => None,
        TokenState::Expired => Some(badge("expired", "warn")),
        TokenState::Revoked => Some(badge("revoked", "bad")),
    };
    let overlap = token.rotation.as_ref().map(|rotation| overlap(token, rotation, section, may_write));
    let name = name_cell(&token.name)
        .child(" ")
        .child(state)
        .child(el("code", "hint-code").child(token.hint.as_str()))
        .child(overlap);
    let mut actions = actions_cell();
    if may_write {
        actions = actions.child(buttons(token, section));
    }
    table_row("token-row")
        .attr("data-state", token.state.as_str())
        .child(name)
        .child(cell("Permissions", permissions(token)))
        .child(cell("Created", instant(token.created_at)))
        .child(cell("Last used", last_used(token.last_used_at, token.last_used_ip.as_deref())))
        .child(cell("Expires", end(token)))
        .child(actions)
}

fn from(address: &str) -> El {
    el("span", "sub").child("from ").child(el("code", "").child(address))
}

fn permissions(token: &Token) -> El {
    let mut list = el("span", "");
    match token.permissions {
        None => list = list.child("Inherits all"),
        Some(permissions) => {
            for permission in permissions.iter() {
                list = list.child(el("code", "item").child(permission.as_str())).child(" ");
            }
        }
    }
    let networks = token.allowed_networks.as_ref().map(|networks| from(&networks.join(", ")));
    list.child(networks)
}

fn last_used(at: Option<Timestamp>, address: Option<&str>) -> El {
    match at {
        None => el("span", "muted").child("Never"),
        Some(at) => el("span", "").child(instant(at)).child(address.map(from)),
    }
}

fn end(token: &Token) -> El {
    if let Some(revoked) = token.revoked_at {
        return el("span", "").child("Revoked ").child(instant(revoked));
    }
    match token.expires_at {
        None => el("span", "muted").child("No expiry"),
        Some(end) if token.state == TokenState::Expired => el("span", "").child("Expired ").child(instant(end)),
        Some(end) if lifetime::ends_soon(end, clock::now()) => el("span", "soon").child(instant(end)),
        Some(end) => {
            el("time", "").attr("datetime", &end.to_string()).attr("title", &clock::full(end)).child(clock::date(end))
        }
    }
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
            opens("Create again", &of, "button small", Open::Create(Some(token.clone())))
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
    el("div", "overlap")
        .child(use_of_it)
        .child(
            el("span", "sub")
                .child(el("code", "").child(rotation.old_hint.as_str()))
                .child(" ends ")
                .child(instant(rotation.overlap_ends_at)),
        )
        .child(may_write.then(|| row_button("End it now", &of, &id.to_string(), "button small", end_now)))
}
