//! The search box above a list: it waits for a pause in typing.

use super::field::fresh_id;
use leptos::{html, prelude::*};
use std::time::Duration;

/// A search box; `on_search` runs with the text once typing has paused. `value` is what was searched for last.
#[component]
pub fn SearchBox(
    label: &'static str,
    #[prop(into)] value: Signal<String>,
    on_search: Callback<String>,
) -> impl IntoView {
    let id = fresh_id();
    let input = NodeRef::<html::Input>::new();
    // The way back changes what is searched for; what this box has sent itself must not overwrite what is typed since.
    let sent = StoredValue::new(value.get_untracked());
    Effect::new(move |_| {
        let searched = value.get();
        if sent.with_value(|sent| *sent != searched) {
            sent.set_value(searched.clone());
            if let Some(input) = input.get_untracked() {
                input.set_value(&searched);
            }
        }
    });
    let mut search = debounce(Duration::from_millis(250), move |text: String| {
        sent.set_value(text.clone());
        on_search.run(text);
    });
    view! {
        <div class="control grow">
            <label class="visually-hidden" for=id.clone()>
                {label}
            </label>
            <input
                node_ref=input
                id=id
                type="search"
                placeholder=label
                autocomplete="off"
                spellcheck="false"
                value=value.get_untracked()
                on:input=move |event| search(event_target_value(&event))
            />
        </div>
    }
}
