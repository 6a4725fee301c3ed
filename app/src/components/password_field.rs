//! A password field that can be read while typing, and that counts along where a password is chosen. The count is
//! of characters, as the server counts them; whether a password is weak, only the server says, and then nothing here
//! praises it.

use super::{
    Button, ButtonKind,
    field::{FieldFrame, FieldIds},
};
use crate::focus::focus_when_mounted;
use leptos::{html, prelude::*};

const SHORTEST: usize = 15;
const LONGEST: usize = 128;

/// A password; `choosing` where it is new.
#[component]
pub fn PasswordField(
    label: &'static str,
    value: RwSignal<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional)] choosing: bool,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let ids = FieldIds::new();
    let input = NodeRef::<html::Input>::new();
    if autofocus {
        focus_when_mounted(input);
    }
    let is_shown = RwSignal::new(false);
    let count = move || value.with(|text| text.chars().count());
    // A refusal is of what was sent, not of what is typed afterwards.
    let is_edited = RwSignal::new(false);
    Effect::new(move |_| is_edited.set(error.get().is_none()));
    let is_good = move || (SHORTEST..=LONGEST).contains(&count()) && is_edited.get();
    let hint = Signal::derive(move || match count() {
        _ if !choosing => None,
        0 => Some("15 to 128 characters. Several words in a row are easy to remember.".to_owned()),
        count if count < SHORTEST => Some(format!("{count} of at least 15 characters.")),
        count if count > LONGEST => Some(format!("{count} characters: 128 is the most.")),
        count => is_good().then(|| format!("{count} characters, long enough.")),
    });
    // How far the password is from long enough, for the eye; the hint says the same in words. A refused password may be
    // long, and is no better for it.
    let strength = move || {
        view! {
            <meter
                class="strength"
                aria-hidden="true"
                hidden=move || !is_edited.get()
                max="15"
                data-state=move || if is_good() { "good" } else { "short" }
                value=move || count().min(SHORTEST).to_string()
            ></meter>
        }
    };
    view! {
        <FieldFrame ids=ids.clone() label=label error=error hint=hint.into()>
            <div class="password">
                <input
                    node_ref=input
                    type=move || if is_shown.get() { "text" } else { "password" }
                    id=ids.input.clone()
                    autocomplete=if choosing { "new-password" } else { "current-password" }
                    autocapitalize="none"
                    spellcheck="false"
                    required=true
                    aria-describedby=ids.described_by()
                    aria-invalid=move || error.get().map(|_| "true")
                    bind:value=value
                    on:input=move |_| is_edited.set(true)
                />
                <Button
                    kind=ButtonKind::Ghost
                    small=true
                    on_press=move || is_shown.update(|is_shown| *is_shown = !*is_shown)
                >
                    {move || if is_shown.get() { "Hide" } else { "Show" }}
                    <span class="visually-hidden">" password"</span>
                </Button>
                {choosing.then(strength)}
            </div>
        </FieldFrame>
    }
}
