//! The choice between the system's colours, light and dark ones. It is kept in the browser and applied before the
//! first paint by `frontend/theme.js`.

use crate::dom::{El, el};
use leptos::prelude::*;

const KEY: &str = "uptrakit-theme";
const THEMES: &[(&str, &str)] = &[("", "System"), ("light", "Light"), ("dark", "Dark")];

/// Three radio buttons in a row.
pub fn theme_picker() -> El {
    let stored = storage().and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default();
    let mut picker = el("fieldset", "segments").child(el("legend", "").child("Theme"));
    for &(theme, label) in THEMES {
        let input = el("input", "")
            .attr("type", "radio")
            .attr("name", "theme")
            .flag("checked", stored == theme)
            .on("change", move |_| choose(theme));
        picker = picker.child(el("label", "").child(input).child(el("span", "").child(label)));
    }
    picker
}

fn choose(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = if theme.is_empty() {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", theme)
        };
    }
    if let Some(storage) = storage() {
        let _ = if theme.is_empty() { storage.remove_item(KEY) } else { storage.set_item(KEY, theme) };
    }
}

/// A browser may refuse it; the theme then lasts as long as the page.
fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
