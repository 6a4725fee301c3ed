//! A form on its way to the server: busy, refused at a field, or refused as a whole. Every form that can
//! be refused is one of these, so that errors stand and focus moves everywhere in the same way.

use crate::{
    api_client::Answer,
    auth::{AuthContext, use_auth},
};
use leptos::prelude::*;
use uptrakit_api::{FieldError, Problem, ProblemCode};
use wasm_bindgen::JsCast;

#[derive(Clone, Copy)]
pub struct Submission {
    pub busy: RwSignal<bool>,
    pub problem: RwSignal<Option<Problem>>,
    auth: AuthContext,
}

impl Submission {
    pub fn new() -> Self {
        Self { busy: RwSignal::new(false), problem: RwSignal::new(None), auth: use_auth() }
    }

    /// Sends it once; a second press while the first is under way does nothing.
    pub fn send<T: 'static>(self, answer: Answer<T>, then: impl FnOnce(T) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(None);
        self.auth.call(answer, move |answer| {
            self.busy.try_set(false);
            match answer {
                Ok(value) => then(value),
                Err(problem) => {
                    self.problem.try_set(Some(problem));
                    focus_first_error();
                }
            }
        });
    }

    /// Refuses it here, before anything is sent, for what is wrong with fields.
    pub fn refuse(self, errors: &[(&str, &str)]) {
        let mut problem = Problem::new(ProblemCode::InvalidField, "");
        problem.errors.extend(
            errors.iter().map(|&(field, message)| FieldError { field: field.to_owned(), message: message.to_owned() }),
        );
        self.problem.set(Some(problem));
        focus_first_error();
    }

    pub fn error(self, field: &'static str, label: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.problem.with(|problem| {
                let problem = problem.as_ref()?;
                if field == "name" && problem.code == ProblemCode::NameTaken {
                    return Some(problem.detail.clone());
                }
                if field == "code" && problem.code == ProblemCode::NotFound {
                    let words = " is not known. Compare it with what your device shows; a code works for ten minutes.";
                    return Some([label, words].concat());
                }
                // A list's errors name the entry: `allowed_networks[1]`.
                let error = problem.errors.iter().find(|error| error.field.split(['[', '.']).next() == Some(field))?;
                let end = if error.message.ends_with(['.', '?', '!']) { "" } else { "." };
                Some([label, " ", &error.message, end].concat())
            })
        })
    }
}

fn focus_first_error() {
    request_animation_frame(|| {
        let field = document().query_selector("form [aria-invalid=true], form [role=alert]").ok().flatten();
        if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = field.focus();
        }
    });
}
