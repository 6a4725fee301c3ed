//! The choice of one among few, of a type of its own.

use super::field::{FieldFrame, FieldIds, fresh_id};
use leptos::prelude::*;

pub trait Choice: Clone + PartialEq + Send + Sync + 'static {
    /// The name in the address, in a form and on the wire.
    fn value(&self) -> String;

    fn label(&self) -> String;
}

struct Item {
    value: String,
    label: String,
}

fn items<C: Choice>(options: &[C]) -> Vec<Item> {
    options.iter().map(|option| Item { value: option.value(), label: option.label() }).collect()
}

#[component]
fn Items(items: Vec<Item>, chosen: Signal<String>) -> impl IntoView {
    items
        .into_iter()
        .map(|Item { value, label }| {
            let own = value.clone();
            view! {
                <option value=value prop:selected=move || chosen.with(|chosen| *chosen == own)>
                    {label}
                </option>
            }
        })
        .collect_view()
}

#[component]
pub fn SelectField<C: Choice>(
    label: &'static str,
    value: RwSignal<C>,
    options: Vec<C>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional, into)] hint: MaybeProp<String>,
) -> impl IntoView {
    let ids = FieldIds::new();
    let list = items(&options);
    let chosen = Signal::derive(move || value.with(Choice::value));
    let choose = move |name: String| {
        if let Some(option) = options.iter().find(|option| option.value() == name) {
            value.set(option.clone());
        }
    };
    view! {
        <FieldFrame ids=ids.clone() label=label error=error hint=hint>
            <select
                id=ids.input.clone()
                aria-describedby=ids.described_by()
                aria-invalid=move || error.get().map(|_| "true")
                on:change=move |event| choose(event_target_value(&event))
            >
                <Items items=list chosen=chosen />
            </select>
        </FieldFrame>
    }
}

#[component]
pub fn SelectBox<C: Choice>(
    label: &'static str,
    #[prop(into)] value: Signal<C>,
    options: &'static [C],
    on_choose: Callback<C>,
) -> impl IntoView {
    let id = fresh_id();
    let chosen = Signal::derive(move || value.with(Choice::value));
    let choose = move |name: String| {
        if let Some(option) = options.iter().find(|option| option.value() == name) {
            on_choose.run(option.clone());
        }
    };
    view! {
        <div class="control">
            <label for=id.clone()>{label}</label>
            <select id=id on:change=move |event| choose(event_target_value(&event))>
                <Items items=items(options) chosen=chosen />
            </select>
        </div>
    }
}
