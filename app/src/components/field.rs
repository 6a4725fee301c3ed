//! A labelled form field with its hint and its error. Hint and error are tied to the field, so that a screen reader
//! reads them with it.

use crate::focus::focus_when_mounted;
use leptos::{html, prelude::*};
use std::sync::atomic::{AtomicU32, Ordering};

pub fn fresh_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    ["f", &NEXT.fetch_add(1, Ordering::Relaxed).to_string()].concat()
}

#[derive(Clone)]
pub struct FieldIds {
    pub input: String,
    hint: String,
    error: String,
}

impl FieldIds {
    pub fn new() -> Self {
        let input = fresh_id();
        Self { hint: input.clone() + "-hint", error: input.clone() + "-error", input }
    }

    pub fn described_by(&self) -> String {
        [&self.error, " ", &self.hint].concat()
    }
}

#[component]
pub fn FieldFrame(
    ids: FieldIds,
    label: &'static str,
    error: MaybeProp<String>,
    hint: MaybeProp<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=ids.input>{label}</label>
            {children()}
            <p class="hint" id=ids.hint hidden=move || hint.get().is_none()>
                {move || hint.get()}
            </p>
            <p class="error" id=ids.error hidden=move || error.get().is_none()>
                {move || error.get()}
            </p>
        </div>
    }
}

#[component]
pub fn TextField(
    label: &'static str,
    value: RwSignal<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional)] placeholder: Option<&'static str>,
    /// The first day of a field for dates.
    #[prop(optional)]
    min: Option<String>,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let ids = FieldIds::new();
    let input = NodeRef::<html::Input>::new();
    if autofocus {
        focus_when_mounted(input);
    }
    view! {
        <FieldFrame ids=ids.clone() label=label error=error hint=hint>
            <input
                node_ref=input
                type=kind
                id=ids.input.clone()
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                required=required
                placeholder=placeholder
                min=min
                aria-describedby=ids.described_by()
                aria-invalid=move || error.get().map(|_| "true")
                bind:value=value
            />
        </FieldFrame>
    }
}

#[component]
pub fn TextArea(
    label: &'static str,
    value: RwSignal<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional)] placeholder: Option<&'static str>,
) -> impl IntoView {
    let ids = FieldIds::new();
    view! {
        <FieldFrame ids=ids.clone() label=label error=error hint=hint>
            <textarea
                id=ids.input.clone()
                rows="3"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                placeholder=placeholder
                aria-describedby=ids.described_by()
                aria-invalid=move || error.get().map(|_| "true")
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
        </FieldFrame>
    }
}

#[component]
pub fn CheckBox(label: &'static str, checked: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="choice">
            <input type="checkbox" bind:checked=checked />
            <span>{label}</span>
        </label>
    }
}

#[component]
pub fn Choices(
    legend: &'static str,
    #[prop(optional, into)] error: MaybeProp<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <fieldset class="choices" tabindex="-1" aria-invalid=move || error.get().map(|_| "true")>
            <legend>{legend}</legend>
            {children()}
            {move || error.get().map(|error| view! { <p class="error">{error}</p> }.into_any())}
        </fieldset>
    }
}
