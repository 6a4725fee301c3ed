//! A part of a page with a heading of its own.

use leptos::{html, prelude::*};

#[component]
pub fn Panel(
    id: &'static str,
    #[prop(into)] title: String,
    #[prop(optional, into)] beside: ViewFnOnce,
    #[prop(optional)] heading: NodeRef<html::H2>,
    /// The focus goes to the heading when a row goes away that has it.
    #[prop(optional)]
    section: NodeRef<html::Section>,
    children: Children,
) -> impl IntoView {
    let title_id = [id, "-title"].concat();
    let labelled_by = title_id.clone();
    view! {
        <section class="panel" id=id aria-labelledby=labelled_by data-focus-home="" node_ref=section>
            <div class="panel-head">
                <h2 id=title_id tabindex="-1" node_ref=heading>
                    {title}
                </h2>
                {beside.run()}
            </div>
            {children()}
        </section>
    }
}
