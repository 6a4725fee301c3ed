//! A form around its fields: it never leaves the page, shows why it was refused as a whole, and waits with its button.

use super::{button, loaded::request_named};
use crate::{
    components::Modal,
    dom::{El, el, live},
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::ProblemCode;

/// A form. The browser's own validation is off: its bubbles vanish, the app's sentences stay.
pub fn form(class: &str, mut submit: impl FnMut() + 'static) -> El {
    el("form", class).attr("method", "post").flag("novalidate", true).on("submit", move |event| {
        event.prevent_default();
        submit();
    })
}

/// Why a form was refused, where no single field is to blame. `fields` are those that show their own errors.
pub fn form_problem(submission: Submission, fields: &'static [&'static str]) -> El {
    el("div", "form-problem").child(live(move || {
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
        let callout = el("p", "callout").attr("data-tone", "bad").attr("role", "alert").attr("tabindex", "-1");
        Some(callout.child(text).child(request_named(&problem)))
    }))
}

/// The button that sends a form.
pub fn submit_button(label: &str, class: &str, submission: Submission) -> El {
    el("button", class)
        .attr("type", "submit")
        .live_attr("aria-busy", move || submission.busy.get().then(|| "true".to_owned()))
        .child(label)
}

/// The end of a dialog's form: the way out, and the button that sends it.
pub fn cancel_and(modal: &Modal, submit: El) -> El {
    let modal = modal.clone();
    el("div", "form-end").child(button("Cancel", "button", move || modal.close())).child(submit)
}
