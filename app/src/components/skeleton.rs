//! Grey shapes where content will be, of about its size, so that nothing jumps when it arrives.

use leptos::prelude::*;

/// The kind of content that is awaited, which decides how tall the skeleton is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    #[default]
    Line,
    Row,
}

/// A page that is not known yet; the same shapes as in index.html. Its heading says to screen readers that something is
/// awaited, for the page has no other yet.
#[component]
pub fn SkeletonPage() -> impl IntoView {
    view! {
        <div class="skeleton-page">
            <h1 class="visually-hidden">"Loading"</h1>
            <div class="skeleton skeleton-title"></div>
            <div class="skeleton skeleton-block"></div>
            <div class="skeleton skeleton-block"></div>
        </div>
    }
}

#[component]
pub fn SkeletonList(#[prop(default = 3)] rows: u32, #[prop(optional)] shape: Shape) -> impl IntoView {
    let class = match shape {
        Shape::Line => "skeleton",
        Shape::Row => "skeleton skeleton-row",
    };
    let shapes = (0..rows).map(|_| view! { <div class=class></div> }).collect_view();
    view! {
        <div class="skeleton-rows">
            <p class="visually-hidden">"Loading"</p>
            {shapes}
        </div>
    }
}

#[component]
pub fn SkeletonTable() -> impl IntoView {
    view! { <SkeletonList shape=Shape::Row /> }
}
