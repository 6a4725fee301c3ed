//! The account's last events, in plain words: the place to notice what one didn't do oneself.

use super::{Changes, panel};
use crate::{
    components::{badge, instant, loaded, name as bold, pager, row_button, skeleton_rows},
    dom::{El, el},
    loader::Loader,
    rest,
    rpc::{self, Activity},
    wording,
};
use leptos::prelude::*;
use uptrakit_api::Page;

/// The section.
pub fn section() -> El {
    let changes = Changes::current();
    let page = RwSignal::new(1_u32);
    let events = Loader::paged(
        move || {
            changes.track();
            rest::call(&rpc::ListActivity { page: page.get() })
        },
        move |last| page.set(last),
    );
    let refresh = row_button("Refresh", "activity", "activity", "button small", move || events.reload());
    panel("activity", "Activity", refresh).child(loaded(events, skeleton_rows, move |events| list(&events, page)))
}

fn list(events: &Page<Activity>, page: RwSignal<u32>) -> El {
    if events.items.is_empty() {
        return el("p", "empty").child("Nothing has happened yet.");
    }
    let mut rows = el("ul", "entries");
    for event in &events.items {
        let done = event.outcome == "done";
        let mut what = el("span", "").child(wording::event(&event.action, &event.outcome));
        let with = if event.action.starts_with("token.") { ": " } else { " with " };
        for (word, name) in [(": ", &event.target), (with, &event.token)] {
            what = what.child(name.as_ref().map(|name| el("span", "").child(word).child(bold(name, "name"))));
        }
        if let Some(address) = &event.address {
            what = what.child(" from ").child(el("code", "").child(address.as_str()));
        }
        let entry = el("li", "entry")
            .child(what)
            .child((!done).then(|| badge("refused", "bad")))
            .child(el("span", "muted end").child(instant(event.at)));
        rows = rows.child(entry);
    }
    let turn = move |to| page.set(to);
    el("div", "").child(rows).child(pager("Pages of activity", events.page, events.total_pages, turn))
}
