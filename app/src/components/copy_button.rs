//! Copies text to the clipboard and says so. Where the browser refuses, the caller is told and helps by other means.

use super::{Announcer, button};
use crate::dom::{El, el, live};
use leptos::{prelude::*, task::spawn_local};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// A button "Copy" that becomes "Copied".
#[derive(Clone)]
pub struct CopyButton {
    /// Runs once the text is in the clipboard.
    pub on_copied: Rc<dyn Fn()>,
    /// Runs when the browser refuses.
    pub on_refused: Rc<dyn Fn()>,
}

impl CopyButton {
    /// Draws one. `what` is read out behind its label, for a button that stands among others; `text` is asked for
    /// at the press.
    pub fn draw(&self, what: &'static str, class: &str, text: impl Fn() -> String + 'static) -> El {
        let copied = RwSignal::new(false);
        let announcer = Announcer::current();
        let Self { on_copied, on_refused } = self.clone();
        let copy = move || {
            let (text, on_copied, on_refused) = (text(), on_copied.clone(), on_refused.clone());
            spawn_local(async move {
                if write(&text).await {
                    copied.try_set(true);
                    announcer.announce("Copied to the clipboard");
                    on_copied();
                } else {
                    on_refused();
                }
            });
        };
        button("", class, copy)
            .child(live(move || if copied.get() { "Copied" } else { "Copy" }))
            .child((!what.is_empty()).then(|| el("span", "visually-hidden").child(" ").child(what)))
    }
}

/// Whether the browser took the text. Outside of secure contexts there is no clipboard at all.
async fn write(text: &str) -> bool {
    let navigator = window().navigator();
    let there = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard")).is_ok_and(|it| it.is_object());
    there && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
