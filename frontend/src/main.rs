//! Mounts the app over the frame that index.html paints first. Everything else is in `uptrakit_app`.

use leptos::{prelude::document, wasm_bindgen::JsCast};

fn main() {
    let Some(root) = document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    uptrakit_app::mount(root.unchecked_into());
}
