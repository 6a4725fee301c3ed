//! A form around its fields: it never leaves the page, shows why it was refused as a whole, and waits with its button.

use super::{Button, ButtonKind, Callout, SubmitButton, Tone, loaded::RequestId, use_modal};
use crate::{clock, submission::Submission, wording::counted};
use leptos::prelude::*;
use uptrakit_api::{Problem, ProblemCode};

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum FormKind {
    #[default]
    Dialog,
    /// On a page, as the panel that is all of it.
    Panel,
    /// In a section of a page, no wider than reads well.
    Section,
}

/// A form with whatever ends it. The browser's own validation is off: its bubbles vanish, the app's sentences stay.
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

#[component]
pub fn DialogForm(
    #[prop(into)] title: String,
    submission: Submission,
    /// Fields that show their own errors.
    #[prop(default = &[])]
    fields: &'static [&'static str],
    submit: &'static str,
    #[prop(default = ButtonKind::Primary)] kind: ButtonKind,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(into)] on_submit: UnsyncCallback<()>,
    children: Children,
) -> impl IntoView {
    view! {
        <Form on_submit=on_submit>
            <h2>{title}</h2>
            <FormProblem submission=submission fields=fields />
            {children()}
            <CancelAnd>
                <SubmitButton kind=kind busy=submission.busy disabled=disabled>
                    {submit}
                </SubmitButton>
            </CancelAnd>
        </Form>
    }
}

#[component]
pub fn PageForm(
    kind: FormKind,
    submission: Submission,
    fields: &'static [&'static str],
    submit: &'static str,
    #[prop(into)] on_submit: UnsyncCallback<()>,
    children: Children,
) -> impl IntoView {
    view! {
        <Form kind=kind on_submit=on_submit>
            <FormProblem submission=submission fields=fields />
            {children()}
            <SubmitButton busy=submission.busy>{submit}</SubmitButton>
        </Form>
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
        let at_the_code = problem.code == ProblemCode::NotFound && fields.contains(&"code");
        if at_a_field || at_the_name || at_the_code {
            return None;
        }
        if problem.code == ProblemCode::TooManyRequests {
            return Some(view! { <Throttled problem=problem /> }.into_any());
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

#[component]
fn Throttled(problem: Problem) -> impl IntoView {
    let wait = move || {
        let seconds = problem.retry_after_seconds?;
        if seconds < 60 {
            return Some([" Try again in ", &counted(seconds.max(1), "second"), "."].concat());
        }
        let end = clock::now().plus_millis(i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000));
        let minutes = counted(seconds.div_ceil(60), "minute");
        Some([" Try again in ", &minutes, ", at ", &clock::time_of_day(end), "."].concat())
    };
    view! { <Callout tone=Tone::Warn alert=true>"Too many attempts." {wait()}</Callout> }
}

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
