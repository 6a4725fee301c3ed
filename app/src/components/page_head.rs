//! A page's heading. Arriving at a page sets the tab's title and moves the focus to the heading, as a browser would
//! do on a load; the first page is left to the browser itself.

use super::use_notices;
use crate::focus::focus_when_mounted;
use leptos::prelude::*;
use leptos_meta::Title;

/// Notes that a page was shown before.
#[derive(Clone, Copy)]
pub struct Arrivals(StoredValue<bool>);

impl Arrivals {
    pub fn provide() {
        provide_context(Self(StoredValue::new(false)));
    }
}

#[component]
pub fn PageHead(title: &'static str, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let heading = NodeRef::new();
    let arrivals = expect_context::<Arrivals>();
    if arrivals.0.get_value() {
        use_notices().dismiss();
        focus_when_mounted(heading);
    }
    arrivals.0.set_value(true);
    view! {
        <Title text=[title, " · Uptrakit"].concat() />
        <div class="page-head">
            <h1 tabindex="-1" node_ref=heading>
                {title}
            </h1>
            {children.map(|children| children())}
        </div>
    }
}
