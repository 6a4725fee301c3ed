//! Draws a part in a task of its own: a phone can scroll and react between one part of a long page and the next.

use leptos::prelude::*;
use std::time::Duration;

#[component]
pub fn Later(children: ChildrenFn) -> impl IntoView {
    let is_time = RwSignal::new(false);
    set_timeout(move || _ = is_time.try_set(true), Duration::ZERO);
    view! { <Show when=move || is_time.get()>{children()}</Show> }
}
