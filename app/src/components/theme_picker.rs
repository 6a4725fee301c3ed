//! The choice between the system's colours, light and dark ones. What is chosen is applied and kept by
//! `frontend/theme.js`, which the guide has as well.

use crate::dom::{El, el};
use leptos::prelude::*;

const THEMES: &[(&str, &str)] = &[("", "System"), ("light", "Light"), ("dark", "Dark")];

/// Three radio buttons in a row.
pub fn theme_picker() -> El {
    let root = document().document_element();
    let chosen = root.and_then(|root| root.get_attribute("data-theme")).unwrap_or_default();
    let mut picker = el("fieldset", "segments").child(el("legend", "").child("Theme"));
    for &(theme, label) in THEMES {
        let input = el("input", "")
            .attr("type", "radio")
            .attr("name", "theme")
            .attr("value", theme)
            .flag("checked", chosen == theme);
        picker = picker.child(el("label", "").child(input).child(el("span", "").child(label)));
    }
    picker
}
