//! A form around its fields: it never leaves the page, shows why it was refused as a whole, and waits with its button.

use super::{Button, loaded::RequestId, use_modal};
use crate::submission::Submission;
use leptos::prelude::*;
use uptrakit_api::ProblemCode;

/// Where a form stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum FormKind {
    /// In a dialog.
    #[default]
    Dialog,
    /// On a page, as the panel that is all of it.
    Panel,
    /// In a section of a page, no wider than reads well.
    Section,
}

/// A form. The browser's own validation is off: its bubbles vanish, the app's sentences stay.
#[component]
pub fn Form(
    #[prop(optional)] kind: FormKind,
    #[prop(into)] on_submit: UnsyncCallback<()>,
    children: Children,
) -> impl IntoView {
    let class = match kind {
        FormKind::Dialog => "form",
        FormKind::Panel => "panel form",
        FormKind::Section => "form measure",
    };
    view! {
        <form
            class=class
            method="post"
            novalidate=true
            on:submit=move |event| {
                event.prevent_default();
                on_submit.run(());
            }
        >
            {children()}
        </form>
    }
}

/// Why a form was refused, where no single field is to blame. `fields` are those that show their own errors.
#[component]
pub fn FormProblem(submission: Submission, #[prop(default = &[])] fields: &'static [&'static str]) -> impl IntoView {
    let callout = move || {
        let problem = submission.problem.get()?;
        let at_a_field = problem
            .errors
            .iter()
            .any(|error| fields.iter().any(|field| error.field.split(['[', '.']).next() == Some(*field)));
        let at_the_name = problem.code == ProblemCode::NameTaken && fields.contains(&"name");
        if at_a_field || at_the_name {
            return None;
        }
        let mut text = problem.detail.clone();
        for error in &problem.errors {
            let end = if error.message.ends_with(['.', '?', '!']) { "" } else { "." };
            text = [&text, " ", &error.field, " ", &error.message, end].concat();
        }
        Some(
            view! {
                <p class="callout" data-tone="bad" role="alert" tabindex="-1">
                    {text}
                    <RequestId problem=problem />
                </p>
            }
            .into_any(),
        )
    };
    view! { <div class="form-problem">{move || callout()}</div> }
}

/// The end of a dialog's form: the way out, and the button that sends it.
#[component]
pub fn CancelAnd(children: Children) -> impl IntoView {
    let modal = use_modal();
    view! {
        <div class="form-end">
            <Button on_press=move || modal.close()>"Cancel"</Button>
            {children()}
        </div>
    }
}
