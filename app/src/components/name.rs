//! A name in bold. That of a machine is broken after a dot before it is broken elsewhere.

use leptos::prelude::*;

/// The name; `inline` where it stands in a sentence.
#[component]
pub fn Name(#[prop(into)] name: Signal<String>, #[prop(optional)] inline: bool) -> impl IntoView {
    let parts = move || {
        let name = name.get();
        name.split_inclusive('.').map(|part| view! { {part.to_owned()}<wbr /> }).collect_view().into_any()
    };
    view! { <strong class=inline.then_some("name")>{move || parts()}</strong> }
}
