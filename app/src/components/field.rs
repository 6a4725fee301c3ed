//! A labelled form field with its hint and its error. Hint and error are tied to the field, so that a screen reader
//! reads them with it.

use crate::dom::{El, el, live};
use leptos::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// An id that no other element of this page has.
pub fn fresh_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    ["f", &NEXT.fetch_add(1, Ordering::Relaxed).to_string()].concat()
}

/// A field of text, put together step by step.
pub struct Field {
    label: &'static str,
    value: RwSignal<String>,
    error: Signal<Option<String>>,
    hint: Signal<String>,
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
        Self { label, value, error: Signal::stored(None), hint: Signal::stored(String::new()), input }
    }

    /// An attribute of the input.
    pub fn attr(mut self, name: &str, value: &str) -> Self {
        self.input = self.input.attr(name, value);
        self
    }

    /// What is wrong with it.
    pub fn error(mut self, error: Signal<Option<String>>) -> Self {
        self.error = error;
        self
    }

    /// What helps to fill it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Signal::stored(hint.into());
        self
    }

    /// What helps to fill it, as it is being filled.
    pub fn live_hint(mut self, hint: Signal<String>) -> Self {
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
    error: Signal<Option<String>>,
    hint: Signal<String>,
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

fn labelled(
    label: &str,
    input: El,
    error: Signal<Option<String>>,
    hint: Signal<String>,
    around: impl FnOnce(El) -> El,
) -> El {
    let id = fresh_id();
    let (error_id, hint_id) = (id.clone() + "-error", id.clone() + "-hint");
    let input = input
        .attr("id", &id)
        .attr("aria-describedby", &[&error_id, " ", &hint_id].concat())
        .live_attr("aria-invalid", move || error.with(Option::is_some).then(|| "true".to_owned()));
    el("div", "field")
        .child(el("label", "").attr("for", &id).child(label))
        .child(around(input))
        .child(
            el("p", "hint")
                .attr("id", &hint_id)
                .live_flag("hidden", move || hint.with(String::is_empty) || error.with(Option::is_some))
                .child(live(move || hint.get())),
        )
        .child(
            el("p", "error")
                .attr("id", &error_id)
                .live_flag("hidden", move || error.with(Option::is_none))
                .child(live(move || error.get())),
        )
}
