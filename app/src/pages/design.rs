//! Every component in its states, for those who change how something looks. It is in development builds alone;
//! docs/design.md says how to open it and what each piece is for.

mod controls;
mod lists;
mod messages;
mod properties;

use crate::{
    components::page_head,
    dom::{Child, El, el},
};

/// The page.
pub fn design() -> El {
    el("div", "design")
        .child(page_head("Design"))
        .child(properties::panels())
        .child(controls::panels())
        .child(lists::panels())
        .child(messages::panels())
}

/// A group of examples.
fn panel(title: &str, content: impl Child) -> El {
    el("section", "panel")
        .attr("aria-label", title)
        .child(el("div", "panel-head").child(el("h2", "").child(title)))
        .child(content)
}

/// Examples side by side.
fn samples(samples: Vec<El>) -> El {
    el("div", "samples").child(samples)
}
