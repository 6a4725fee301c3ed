//! A native dialog that is open as long as it is drawn. The browser keeps the keyboard inside and gives the focus
//! back; this adds the name, the live region and a lock for dialogs that must not be left by accident.

use super::live_region;
use crate::dom::{Child, El, afterwards, el, focus_id, home_of, rescue_focus};
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDialogElement, KeyboardEvent};

/// A modal dialog, for what is inside to close it.
#[derive(Clone)]
pub struct Modal(HtmlDialogElement);

impl Modal {
    /// Draws one; it opens as soon as it is on the page. While `locked` says so, Escape leaves it open.
    /// `on_close` runs when it has closed, and whoever draws it stops drawing it then.
    pub fn draw<C: Child>(
        label: &str,
        locked: impl Fn() -> bool + 'static,
        on_close: impl Fn() + 'static,
        inside: impl FnOnce(Self) -> C,
    ) -> El {
        let (dialog, modal) = Self::frame(label, Rc::new(locked), Box::new(on_close));
        dialog.child(inside(modal)).child(live_region())
    }

    /// The dialog with nothing in it. Apart from [`Self::draw`], so that it is compiled once and not for every dialog.
    fn frame(label: &str, locked: Rc<dyn Fn() -> bool>, on_close: Box<dyn Fn()>) -> (El, Self) {
        let dialog = el("dialog", "modal").attr("aria-label", label);
        let modal = Self(dialog.node().clone().unchecked_into());
        // The button that opens it may be drawn anew meanwhile, with its list.
        let active = document().active_element();
        let opener = active.as_ref().map(Element::id).unwrap_or_default();
        let home = home_of(active.as_ref());
        let opening = modal.clone();
        afterwards(move || opening.open());
        let hold = move |event: &Event| {
            if untrack(|| locked()) {
                event.prevent_default();
                return true;
            }
            false
        };
        let (hold_key, hold_close, reopening) = (hold.clone(), hold.clone(), modal.clone());
        let dialog = dialog
            .on("cancel", move |event| {
                hold(&event);
            })
            .on("keydown", move |event| {
                if event.unchecked_ref::<KeyboardEvent>().key() == "Escape" {
                    hold_key(&event);
                }
            })
            .on("close", move |event| {
                // A browser may close a dialog over its page's objection, on the second Escape.
                if hold_close(&event) {
                    reopening.open();
                } else {
                    // Where its list was drawn anew, the browser can't find the opener, but its id can.
                    focus_id(&opener);
                    on_close();
                    let (opener, home) = (opener.clone(), home.clone());
                    request_animation_frame(move || rescue_focus(&opener, home));
                }
            });
        (dialog, modal)
    }

    /// Closes it; the focus goes back to where it was.
    pub fn close(&self) {
        self.0.close();
    }

    fn open(&self) {
        if self.0.is_connected() && !self.0.open() {
            let _ = self.0.show_modal();
        }
    }
}
