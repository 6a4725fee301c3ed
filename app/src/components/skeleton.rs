//! Grey shapes where content will be, of about its size, so that nothing jumps when it arrives.

use crate::dom::{El, el};

/// What stands for a row of a table, or for its card.
pub const SKELETON_ROW: &str = "skeleton skeleton-row";

/// A page that is not known yet; the same shapes as in index.html.
pub fn skeleton_page() -> El {
    waiting("h1", "skeleton-page", &["skeleton skeleton-title", "skeleton skeleton-block", "skeleton skeleton-block"])
}

/// A list that is not known yet.
pub fn skeleton_rows() -> El {
    skeleton_list(3, "skeleton")
}

/// A table that is not known yet.
pub fn skeleton_table() -> El {
    skeleton_list(3, SKELETON_ROW)
}

/// A list that is not known yet, but how long it will be; `class` has the height of one row.
pub fn skeleton_list(rows: u32, class: &str) -> El {
    waiting("p", "skeleton-rows", &vec![class; rows as usize])
}

/// What says to screen readers that something is awaited is a heading where the page has no other yet.
fn waiting(tag: &str, class: &str, shapes: &[&str]) -> El {
    let shapes = shapes.iter().map(|shape| el("div", shape)).collect::<Vec<_>>();
    el("div", class).child(el(tag, "visually-hidden").child("Loading")).child(shapes)
}
