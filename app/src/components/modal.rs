//! A native dialog that is open as long as it is drawn. The browser keeps the keyboard inside and gives the focus
//! back; this adds the name, the live region and a lock for dialogs that must not be left by accident.

use super::LiveRegion;
use crate::focus::{focus_heading_if_lost, list_around};
use leptos::{context::Provider, html, prelude::*};

#[derive(Clone, Copy)]
pub struct ModalContext(NodeRef<html::Dialog>);

pub fn use_modal() -> ModalContext {
    expect_context()
}

impl ModalContext {
    /// Closes it; the focus goes back to where it was.
    pub fn close(self) {
        if let Some(dialog) = self.0.try_get_untracked().flatten() {
            dialog.close();
        }
    }

    fn open(self) {
        if let Some(dialog) = self.0.get()
            && dialog.is_connected()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    }
}

/// A modal dialog. While `locked` says so, Escape leaves it open. `on_close` runs when it has closed, and who draws it stops
/// drawing it then.
#[component]
pub fn Modal(
    label: &'static str,
    #[prop(optional, into)] locked: Signal<bool>,
    #[prop(into)] on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let modal = ModalContext(NodeRef::new());
    let list = StoredValue::new_local(list_around(document().active_element().as_ref()));
    Effect::new(move |_| modal.open());
    let hold = move |event: &web_sys::Event| {
        let is_locked = locked.get_untracked();
        if is_locked {
            event.prevent_default();
        }
        is_locked
    };
    let closed = move |event: web_sys::Event| {
        // A browser may close a dialog over its page's objection, on the second Escape.
        if hold(&event) {
            untrack(|| modal.open());
            return;
        }
        let list = list.get_value();
        on_close.run(());
        // The row with the button that opened it may be gone.
        request_animation_frame(move || focus_heading_if_lost(list.as_ref()));
    };
    view! {
        <dialog
            class="modal"
            aria-label=label
            node_ref=modal.0
            on:cancel=move |event| {
                hold(&event);
            }
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    hold(&event);
                }
            }
            on:close=closed
        >
            <Provider value=modal>{children()}</Provider>
            <LiveRegion />
        </dialog>
    }
}
