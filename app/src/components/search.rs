//! The controls above a list: a search box that waits for a pause in typing, and a choice beside it.

use super::field::fresh_id;
use crate::dom::{El, el};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use std::{rc::Rc, time::Duration};

/// A search box; `search` runs with the text once typing has paused.
pub fn search_box(label: &str, initial: &str, search: impl Fn(String) + 'static) -> El {
    let id = fresh_id();
    let search = Rc::new(search);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_get_value().flatten() {
            timer.clear();
        }
    };
    on_cleanup(stop);
    let input = el("input", "")
        .attr("id", &id)
        .attr("type", "search")
        .attr("placeholder", label)
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("value", initial)
        .on("input", move |event| {
            let (text, search) = (event_target_value(&event), Rc::clone(&search));
            stop();
            timer.set_value(set_timeout_with_handle(move || search(text), Duration::from_millis(250)).ok());
        });
    el("div", "control grow").child(el("label", "visually-hidden").attr("for", &id).child(label)).child(input)
}

/// A choice; `choose` runs with the value that was chosen.
pub fn select_box(label: &str, initial: &str, options: &[(&str, &str)], choose: impl Fn(String) + 'static) -> El {
    let id = fresh_id();
    let mut select = el("select", "").attr("id", &id);
    for (value, name) in options {
        select = select.child(el("option", "").attr("value", value).flag("selected", *value == initial).child(*name));
    }
    el("div", "control")
        .child(el("label", "").attr("for", &id).child(label))
        .child(select.on("change", move |event| choose(event_target_value(&event))))
}
