//! A short word on a tinted ground: a role, a state. The word alone carries the meaning, the tint only helps.

use super::Tone;
use leptos::prelude::*;

#[component]
pub fn Badge(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    view! { <span class="badge" data-tone=tone.as_str()>{children()}</span> }
}
