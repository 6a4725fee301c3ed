//! Every component in its states, for those who change how something looks. It is in development builds alone;
//! docs/design.md says how to open it and what each piece is for.

mod controls;
mod lists;
mod messages;
mod properties;

use self::{controls::Controls, lists::Lists, messages::Messages, properties::Properties};
use crate::components::PageHead;
use leptos::prelude::*;

#[component]
pub fn Design() -> impl IntoView {
    view! {
        <div class="design">
            <PageHead title="Design" />
            <Properties />
            <Controls />
            <Lists />
            <Messages />
        </div>
    }
}

#[component]
fn Examples(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="panel" aria-label=title>
            <div class="panel-head">
                <h2>{title}</h2>
            </div>
            {children()}
        </section>
    }
}
