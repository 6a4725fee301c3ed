//! Mounts the app over the frame that index.html paints first. Everything else is in `uptrakit_app`.

use std::alloc::System;

use leptos::{prelude::document, wasm_bindgen::JsCast};
use zeroizing_alloc::ZeroAlloc;

/// Overwrites whatever it takes back, so that a token's text or a password is gone from the memory, which scripts of
/// the page could read, as soon as nothing uses it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() {
    let Some(root) = document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    uptrakit_app::mount(root.unchecked_into());
}
