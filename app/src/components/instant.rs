//! An instant as people say it, with the whole of it as the tooltip.

use crate::clock;
use leptos::prelude::*;
use uptrakit_api::Timestamp;

/// "3 minutes ago", kept true as time goes by.
#[component]
pub fn Instant(at: Timestamp) -> impl IntoView {
    view! {
        <time datetime=at.to_string() title=clock::full(at)>
            {move || clock::relative(at, clock::ticking())}
        </time>
    }
}

#[component]
pub fn Date(at: Timestamp) -> impl IntoView {
    view! {
        <time datetime=at.to_string() title=clock::full(at)>
            {clock::date(at)}
        </time>
    }
}
