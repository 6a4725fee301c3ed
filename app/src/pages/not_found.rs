//! For addresses that lead nowhere, and for those that the visitor may not know of: both look the same.

use crate::components::PageHead;
use leptos::prelude::*;

#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <div>
            <PageHead title="Page not found" />
            <div class="form">
                <p>
                    "There is nothing here that you may see. The address may have been mistyped, or what was here is gone."
                </p>
                <a class="button" href="/hosts">
                    "Go to Hosts"
                </a>
            </div>
        </div>
    }
}
