//! Where the keyboard is: at what has just been drawn, and where it was when a list changes.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, Node};

pub fn focus_when_mounted<E>(node: NodeRef<E>)
where
    E: html::ElementType,
    E::Output: JsCast + Clone + 'static,
{
    Effect::new(move |_| {
        if let Some(element) = node.get() {
            focus(element.unchecked_ref());
        }
    });
}

pub fn focus_id(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        focus(&element);
    }
}

fn focus(element: &Element) {
    let _ = element.unchecked_ref::<HtmlElement>().focus();
}

/// The list that an element is in, with a heading to go on at.
pub fn list_around(element: Option<&Element>) -> Option<Element> {
    element?.closest("[data-focus-home]").ok()?
}

/// Gives the focus to the heading of `list`, or else to that of the page, when no element has it any more.
pub fn focus_heading_if_lost(list: Option<&Element>) {
    if !is_focus_lost() {
        return;
    }
    let heading = list.and_then(|list| list.query_selector("h2").ok().flatten());
    if let Some(heading) = heading.or_else(|| document().query_selector("h1").ok().flatten()) {
        focus_in_place(&heading);
    }
}

fn is_focus_lost() -> bool {
    document().active_element().is_none_or(|element| element.tag_name() == "BODY")
}

fn focus_in_place(element: &Element) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = element.unchecked_ref::<HtmlElement>().focus_with_options(&options);
}

/// The person's place in a list: the element that has the focus, and the two ends of a selection.
struct Attention {
    element: Option<Element>,
    selection: Option<[(Node, u32); 2]>,
}

impl Attention {
    fn within(list: &Element) -> Self {
        let element = document().active_element().filter(|element| list.contains(Some(element)));
        Self { element, selection: selection().filter(|ends| ends.iter().all(|(node, _)| list.contains(Some(node)))) }
    }

    /// Puts it back where it was. When the row is gone that had the focus, the heading of the list takes it.
    fn restore(self, list: &Element) {
        match self.element {
            Some(element) if !element.is_connected() => focus_heading_if_lost(Some(list)),
            Some(element) if is_focus_lost() => focus_in_place(&element),
            _ => {}
        }
        if let Some([(anchor, from), (end, to)]) = self.selection
            && anchor.is_connected()
            && end.is_connected()
            && let Ok(Some(selection)) = window().get_selection()
            && selection.is_collapsed()
        {
            let _ = selection.set_base_and_extent(&anchor, from, &end, to);
        }
    }
}

fn selection() -> Option<[(Node, u32); 2]> {
    let selection = window().get_selection().ok()??;
    let ends =
        [(selection.anchor_node()?, selection.anchor_offset()), (selection.focus_node()?, selection.focus_offset())];
    (!selection.is_collapsed()).then_some(ends)
}

/// Keeps the focus and a selection in a list while its rows change. An element that is moved loses both, and `<For>` moves
/// every row between the old and the new place of one. `list` is the element with the heading and the rows; `changed` moves
/// with what the rows are made of.
pub fn keep_in_list(list: NodeRef<html::Section>, changed: Signal<()>) {
    let before = StoredValue::new_local(None::<Attention>);
    // At once, before a row is touched.
    ImmediateEffect::new_scoped(move || {
        changed.track();
        before.set_value(list.get_untracked().map(|list| Attention::within(&list)));
    });
    Effect::new(move |_| {
        changed.track();
        request_animation_frame(move || {
            let list = list.try_get_untracked().flatten();
            let before = before.try_update_value(Option::take).flatten();
            if let Some((list, before)) = list.zip(before) {
                before.restore(&list);
            }
        });
    });
}
