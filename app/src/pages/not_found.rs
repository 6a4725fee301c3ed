//! For addresses that lead nowhere, and for those that the visitor may not know of: both look the same.

use crate::{
    components::page_head,
    dom::{El, el},
};

/// The page.
pub fn not_found() -> El {
    el("div", "").child(page_head("Page not found")).child(
        el("div", "form")
            .child(el("p", "").child(
                "There is nothing here that you may see. The address may have been mistyped, or what was \
                         here is gone.",
            ))
            .child(el("a", "button").attr("href", "/hosts").child("Go to Hosts")),
    )
}
