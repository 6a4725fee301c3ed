//! Chooses what a token may do: everything its account may, now and later, or a list. Only what the account has
//! is offered, each in plain words.

use super::field::{Sentence, choices, fresh_id};
use crate::dom::{El, el, group, live};
use leptos::prelude::*;
use uptrakit_api::{Permission, Permissions};

/// The choice: `narrowed` to the `chosen` ones, or not; `offered` is what the account has.
pub fn permission_picker(
    narrowed: RwSignal<bool>,
    chosen: RwSignal<Permissions>,
    offered: Permissions,
    error: Sentence,
) -> El {
    let name = fresh_id();
    let radio = |label: &str, value: bool| {
        let input = el("input", "")
            .attr("type", "radio")
            .attr("name", &name)
            .flag("checked", narrowed.get_untracked() == value)
            .on("change", move |_| narrowed.set(value));
        el("label", "choice").child(input).child(el("span", "").child(label))
    };
    let list = live(move || {
        narrowed.get().then(|| {
            let boxes = untrack(|| group(offered.iter().map(|permission| one(permission, chosen))));
            el("div", "choices-nested").child(boxes)
        })
    });
    let radios = group([radio("Everything my account may do", false), radio("Only what I choose", true)]);
    choices("Permissions", (radios, list), error)
}

fn one(permission: Permission, chosen: RwSignal<Permissions>) -> El {
    let input = el("input", "")
        .attr("type", "checkbox")
        .flag("checked", chosen.get_untracked().contains(permission))
        .on("change", move |event| {
            let on = event_target_checked(&event);
            chosen.update(|set| *set = toggled(*set, permission, on));
        });
    let words = el("span", "").child(permission.in_words()).child(" ").child(el("code", "").child(permission.as_str()));
    el("label", "choice").child(input).child(words)
}

fn toggled(set: Permissions, permission: Permission, on: bool) -> Permissions {
    if on { set.iter().chain([permission]).collect() } else { set.without(Permissions::of(&[permission])) }
}
