//! A page's heading. Arriving at a page sets the tab's title and moves the focus to the heading, as a browser would
//! do on a load; the first page is left to the browser itself.

use super::Notices;
use crate::dom::{El, afterwards, el};
use leptos::prelude::*;

/// Whether a page was shown before.
#[derive(Clone, Copy)]
pub struct Arrivals(StoredValue<bool>);

impl Arrivals {
    /// Starts to count.
    pub fn provide() {
        provide_context(Self(StoredValue::new(false)));
    }
}

/// The heading; what belongs beside it is its next child.
pub fn page_head(title: &'static str) -> El {
    let heading = el("h1", "").attr("tabindex", "-1").child(title);
    let arrivals = expect_context::<Arrivals>();
    let notices = Notices::current();
    document().set_title(&[title, " · Uptrakit"].concat());
    if arrivals.0.get_value() {
        notices.dismiss();
        let heading = heading.clone();
        afterwards(move || heading.focus());
    }
    arrivals.0.set_value(true);
    el("div", "page-head").child(heading)
}
