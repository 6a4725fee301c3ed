//! Profile: who am I here, what can I do, which keys exist, and how do I kill one now. Each section loads by
//! itself, so that a slow one holds up no other.

mod account;
mod activity;
mod password;
mod sessions;
mod tokens;

use crate::{
    components::page_head,
    dom::{Child, El, el, later},
};
use leptos::prelude::*;

/// Moves whenever one section changed what another may show: a revoke is an event, a new password ends sessions.
#[derive(Clone, Copy)]
struct Changes(RwSignal<()>);

impl Changes {
    fn current() -> Self {
        expect_context()
    }

    /// What reads this is fetched again after a change.
    fn track(self) {
        self.0.track();
    }

    /// Something changed.
    fn note(self) {
        self.0.try_set(());
    }
}

/// The page.
pub fn profile() -> El {
    provide_context(Changes(RwSignal::new(())));
    let mut sections = el("nav", "sections").attr("aria-label", "Sections");
    for (to, name) in
        [("#tokens", "API tokens"), ("#sessions", "Sessions"), ("#password", "Password"), ("#activity", "Activity")]
    {
        sections = sections.child(el("a", "").attr("href", to).child(name));
    }
    el("div", "")
        .child(page_head("Profile").child(sections))
        .child(account::section())
        .child(tokens::section())
        .child(later(sessions::section))
        .child(later(password::section))
        .child(later(activity::section))
}

/// A section of the page; what stands beside its heading comes in `beside`.
fn panel(id: &str, title: &str, beside: impl Child) -> El {
    let title_id = [id, "-title"].concat();
    let heading = el("h2", "").attr("id", &title_id).attr("tabindex", "-1").child(title);
    el("section", "panel")
        .attr("id", id)
        .attr("aria-labelledby", &title_id)
        .child(el("div", "panel-head").child(heading).child(beside))
}
