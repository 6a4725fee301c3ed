//! The choice between the system's colours, light and dark ones. What is chosen is applied and kept by
//! `frontend/theme.js`, which the guide has as well.

use leptos::prelude::*;

const THEMES: &[(&str, &str)] = &[("", "System"), ("light", "Light"), ("dark", "Dark")];

#[component]
pub fn ThemePicker() -> impl IntoView {
    let root = document().document_element();
    let chosen = root.and_then(|root| root.get_attribute("data-theme")).unwrap_or_default();
    let radio = |&(theme, label): &(&'static str, &'static str)| {
        view! {
            <label>
                <input type="radio" name="theme" value=theme checked=chosen == theme />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <fieldset class="segments">
            <legend>"Theme"</legend>
            {THEMES.iter().map(radio).collect_view()}
        </fieldset>
    }
}
