//! Mounts the app over the frame that index.html paints first. Everything else is in `uptrakit_app`.

use std::{alloc::System, time::Duration};

use leptos::{
    prelude::{document, set_timeout},
    wasm_bindgen::JsCast,
};
use zeroizing_alloc::ZeroAlloc;

/// Overwrites whatever it takes back, so that a token's text or a password is gone from the memory, which scripts of
/// the page could read, as soon as nothing uses it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() {
    // The browser has only now compiled the app; what was pressed or scrolled meanwhile comes first.
    set_timeout(mount, Duration::ZERO);
}

fn mount() {
    let Some(root) = document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    uptrakit_app::mount(root.unchecked_into());
}
