//! Grey shapes where content will be, of about its size, so that nothing jumps when it arrives.

use crate::dom::{El, el};

/// A page that is not known yet; the same shapes as in index.html.
pub fn skeleton_page() -> El {
    waiting("skeleton-page", &["skeleton skeleton-title", "skeleton skeleton-block", "skeleton skeleton-block"])
}

/// A list that is not known yet.
pub fn skeleton_rows() -> El {
    waiting("skeleton-rows", &["skeleton", "skeleton", "skeleton"])
}

fn waiting(class: &str, shapes: &[&str]) -> El {
    let shapes = shapes.iter().map(|shape| el("div", shape)).collect::<Vec<_>>();
    el("div", class).child(el("p", "visually-hidden").child("Loading")).child(shapes)
}
