//! Chooses what a token may do: everything its account may, now and later, or a list. Only what the account has
//! is offered, each in plain words.

use super::{Choices, field::fresh_id};
use leptos::prelude::*;
use uptrakit_api::{Permission, Permissions};

/// The choice: `narrowed` to the `chosen` ones, or not; `offered` is what the account has.
#[component]
pub fn PermissionPicker(
    narrowed: RwSignal<bool>,
    chosen: RwSignal<Permissions>,
    offered: Permissions,
    #[prop(optional, into)] error: MaybeProp<String>,
) -> impl IntoView {
    let name = fresh_id();
    let radio = move |label: &'static str, value: bool| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name=name.clone()
                    prop:checked=move || narrowed.get() == value
                    on:change=move |_| narrowed.set(value)
                />
                <span>{label}</span>
            </label>
        }
    };
    let list = move || {
        narrowed.get().then(|| {
            view! { <div class="choices-nested"><PermissionBoxes chosen=chosen offered=offered /></div> }.into_any()
        })
    };
    view! {
        <Choices legend="Permissions" error=error>
            {radio("Everything my account may do", false)}
            {radio("Only what I choose", true)}
            {move || list()}
        </Choices>
    }
}

#[component]
pub fn PermissionBoxes(chosen: RwSignal<Permissions>, offered: Permissions) -> impl IntoView {
    offered.iter().map(|permission| view! { <One permission=permission chosen=chosen /> }).collect_view()
}

#[component]
fn One(permission: Permission, chosen: RwSignal<Permissions>) -> impl IntoView {
    let toggle = move |is_on: bool| {
        chosen.update(|set| {
            *set = if is_on {
                set.iter().chain([permission]).collect()
            } else {
                set.without(Permissions::of(&[permission]))
            };
        });
    };
    view! {
        <label class="choice">
            <input
                type="checkbox"
                prop:checked=move || chosen.get().contains(permission)
                on:change=move |event| toggle(event_target_checked(&event))
            />
            <span>{permission.in_words()} " " <code>{permission.as_str()}</code></span>
        </label>
    }
}
