//! A labelled form field with its hint and its error. Hint and error are tied to the field, so that a screen reader
//! reads them with it.

use crate::dom::{Child, El, el, live};
use leptos::prelude::*;
use std::{
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
};

/// A sentence below a field that comes and goes.
pub type Sentence = Rc<dyn Fn() -> Option<String>>;

/// An id that no other element of this page has.
pub fn fresh_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    ["f", &NEXT.fetch_add(1, Ordering::Relaxed).to_string()].concat()
}

/// A field of text, put together step by step.
pub struct Field {
    label: &'static str,
    value: RwSignal<String>,
    error: Sentence,
    hint: Sentence,
    input: El,
}

impl Field {
    /// A line of text.
    pub fn line(label: &'static str, value: RwSignal<String>) -> Self {
        Self::of(el("input", "").attr("type", "text"), label, value)
    }

    /// Several lines of text.
    pub fn lines(label: &'static str, value: RwSignal<String>) -> Self {
        Self::of(el("textarea", "").attr("rows", "3"), label, value)
    }

    fn of(input: El, label: &'static str, value: RwSignal<String>) -> Self {
        let input = input.attr("autocomplete", "off").attr("autocapitalize", "none").attr("spellcheck", "false");
        Self { label, value, error: Rc::new(|| None), hint: Rc::new(|| None), input }
    }

    /// An attribute of the input.
    pub fn attr(mut self, name: &str, value: &str) -> Self {
        self.input = self.input.attr(name, value);
        self
    }

    /// What is wrong with it.
    pub fn error(mut self, error: Sentence) -> Self {
        self.error = error;
        self
    }

    /// What helps to fill it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.hint = Rc::new(move || Some(hint.clone()));
        self
    }

    /// What helps to fill it, as it is being filled.
    pub fn live_hint(mut self, hint: Sentence) -> Self {
        self.hint = hint;
        self
    }

    /// It is the first to be typed into.
    pub fn first(mut self) -> Self {
        self.input = self.input.focus_at_start();
        self
    }

    /// The field, with `around` to put the input into something.
    pub fn draw_in(self, around: impl FnOnce(El) -> El) -> El {
        let input = self.input.bind(self.value);
        labelled(self.label, input, self.error, self.hint, around)
    }

    /// The field.
    pub fn draw(self) -> El {
        self.draw_in(|input| input)
    }
}

/// A choice of one among few.
pub fn select_field(
    label: &'static str,
    value: RwSignal<String>,
    options: &[(String, String)],
    error: Sentence,
    hint: Sentence,
) -> El {
    let mut select = el("select", "");
    for (name, text) in options {
        let selected = value.with_untracked(|value| value == name);
        select = select.child(el("option", "").attr("value", name).flag("selected", selected).child(text.as_str()));
    }
    let select = select.on("change", move |event| value.set(event_target_value(&event)));
    labelled(label, select, error, hint, |select| select)
}

/// A check box with its label.
pub fn check_box(label: &str, value: RwSignal<bool>) -> El {
    let input = el("input", "").attr("type", "checkbox").bind_checked(value);
    el("label", "choice").child(input).child(el("span", "").child(label))
}

fn labelled(label: &str, input: El, error: Sentence, hint: Sentence, around: impl FnOnce(El) -> El) -> El {
    let id = fresh_id();
    let (error_id, hint_id) = (id.clone() + "-error", id.clone() + "-hint");
    let input = input.attr("id", &id).attr("aria-describedby", &[&error_id, " ", &hint_id].concat());
    let below = |class: &str, id: &str, sentence: Sentence| {
        let there = Rc::clone(&sentence);
        el("p", class).attr("id", id).live_flag("hidden", move || there().is_none()).child(live(move || sentence()))
    };
    el("div", "field")
        .child(el("label", "").attr("for", &id).child(label))
        .child(around(marked(input, &error)))
        .child(below("hint", &hint_id, hint))
        .child(below("error", &error_id, error))
}

/// Marked as wrong while there is an error.
fn marked(element: El, error: &Sentence) -> El {
    let error = Rc::clone(error);
    element.live_attr("aria-invalid", move || error().map(|_| "true".to_owned()))
}

/// Choices of one kind under a heading of their own.
pub fn choices(legend: &str, inside: impl Child, error: Sentence) -> El {
    marked(el("fieldset", "choices").attr("tabindex", "-1"), &error)
        .child(el("legend", "").child(legend))
        .child(inside)
        .child(live(move || error().map(|error| el("p", "error").child(error))))
}
