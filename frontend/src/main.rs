//! Mounts the app over the frame that index.html paints first. Everything else is in `uptrakit_app`.

use leptos::{prelude::document, wasm_bindgen::JsCast, web_sys::HtmlElement};

fn main() {
    let Some(root) = document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    leptos::mount::mount_to(root.unchecked_into::<HtmlElement>(), uptrakit_app::App).forget();
}
