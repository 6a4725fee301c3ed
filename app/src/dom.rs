//! A thin element builder over the reactive system. Leptos compiles its view types anew for every shape of view,
//! and for this app that alone came to more than all a visitor may have to download; here an element is a value of
//! one type, so a view costs no more than what it says. `docs/decisions/` has the figures.

use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, Event, HtmlElement, Node};

/// An element that is being put together.
#[derive(Clone)]
pub struct El(Element);

/// A new element; `class` may be empty.
pub fn el(tag: &str, class: &str) -> El {
    // Fails only for names that are no tag names, and all names here are literals.
    let element = document().create_element(tag).expect("a valid tag name");
    if !class.is_empty() {
        element.set_class_name(class);
    }
    El(element)
}

/// What can stand inside an element.
pub trait Child {
    /// Appends it.
    fn place(self, parent: &Node);
}

impl El {
    /// An attribute with a fixed value.
    pub fn attr(self, name: &str, value: &str) -> Self {
        let _ = self.0.set_attribute(name, value);
        self
    }

    /// An attribute that is there or not.
    pub fn flag(self, name: &str, on: bool) -> Self {
        if on { self.attr(name, "") } else { self }
    }

    /// An attribute that follows what `value` reads; `None` takes it away.
    pub fn live_attr(self, name: &'static str, value: impl Fn() -> Option<String> + 'static) -> Self {
        follow_attr(self.0.clone(), name, Box::new(value));
        self
    }

    /// An attribute that is there as long as `on` says so.
    pub fn live_flag(self, name: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        self.live_attr(name, move || on().then(String::new))
    }

    /// Something inside, behind what is there already.
    pub fn child(self, child: impl Child) -> Self {
        child.place(&self.0);
        self
    }

    /// Runs with every event of this name, as long as the view lives.
    pub fn on(self, event: &'static str, run: impl FnMut(Event) + 'static) -> Self {
        listen(self.0.clone(), event, Box::new(run));
        self
    }

    /// Runs when it is pressed.
    pub fn on_press(self, mut run: impl FnMut() + 'static) -> Self {
        self.on("click", move |_| run())
    }

    /// Ties a field's text to a signal, in both directions.
    pub fn bind(self, value: RwSignal<String>) -> Self {
        let element = self.0.clone();
        effect(move || {
            let wanted = JsValue::from(value.get());
            let name = JsValue::from("value");
            // Writing what stands there already would move the cursor.
            if js_sys::Reflect::get(&element, &name).is_ok_and(|shown| shown != wanted) {
                let _ = js_sys::Reflect::set(&element, &name, &wanted);
            }
        });
        self.on("input", move |event| value.set(event_target_value(&event)))
    }

    /// Ties a check box to a signal, in both directions.
    pub fn bind_checked(self, value: RwSignal<bool>) -> Self {
        let element = self.0.clone();
        effect(move || {
            let _ = js_sys::Reflect::set(&element, &"checked".into(), &value.get().into());
        });
        self.on("change", move |event| value.set(event_target_checked(&event)))
    }

    /// Takes the focus once it is on the page.
    pub fn focus_at_start(self) -> Self {
        let element = self.clone();
        afterwards(move || element.focus());
        self
    }

    /// The first field in it takes the focus once it is on the page.
    pub fn focus_inside_at_start(self) -> Self {
        let element = self.clone();
        afterwards(move || {
            if let Ok(Some(field)) = element.0.query_selector("input") {
                let _ = field.unchecked_into::<HtmlElement>().focus();
            }
        });
        self
    }

    /// Takes the focus now.
    pub fn focus(&self) {
        let _ = self.0.unchecked_ref::<HtmlElement>().focus();
    }

    /// The element itself.
    pub fn node(&self) -> &Element {
        &self.0
    }
}

impl Child for El {
    fn place(self, parent: &Node) {
        let _ = parent.append_child(&self.0);
    }
}

impl Child for &str {
    fn place(self, parent: &Node) {
        let _ = parent.append_child(&document().create_text_node(self));
    }
}

impl Child for String {
    fn place(self, parent: &Node) {
        self.as_str().place(parent);
    }
}

impl Child for () {
    fn place(self, _: &Node) {}
}

impl<C: Child> Child for Option<C> {
    fn place(self, parent: &Node) {
        if let Some(child) = self {
            child.place(parent);
        }
    }
}

impl<A: Child, B: Child> Child for (A, B) {
    fn place(self, parent: &Node) {
        self.0.place(parent);
        self.1.place(parent);
    }
}

impl<C: Child> Child for Vec<C> {
    fn place(self, parent: &Node) {
        for child in self {
            child.place(parent);
        }
    }
}

/// A part that is drawn again whenever a signal moves that drawing it has read.
pub struct Live(Box<dyn Fn(&Node)>);

/// Draws a part now and whenever what it reads moves.
pub fn live<C: Child>(draw: impl Fn() -> C + 'static) -> Live {
    Live(Box::new(move |parent| draw().place(parent)))
}

/// Draws a part in a task of its own: a phone can scroll and react between one part of a long page and the next.
pub fn later<C: Child>(draw: impl Fn() -> C + 'static) -> Live {
    let is_time = RwSignal::new(false);
    set_timeout(move || _ = is_time.try_set(true), Duration::ZERO);
    live(move || is_time.get().then(|| untrack(&draw)))
}

/// Several children where one is expected.
pub fn group(children: impl IntoIterator<Item = El>) -> Vec<El> {
    children.into_iter().collect()
}

impl Child for Live {
    fn place(self, parent: &Node) {
        let (start, end) = (document().create_comment(""), document().create_comment(""));
        let _ = parent.append_child(&start);
        let _ = parent.append_child(&end);
        effect(move || {
            let fragment = document().create_document_fragment();
            (self.0)(&fragment);
            let Some(parent) = end.parent_node() else { return };
            let focused = focused_within(&parent);
            while let Some(old) = start.next_sibling().filter(|old| !old.is_same_node(Some(&end))) {
                let _ = parent.remove_child(&old);
            }
            let _ = parent.insert_before(&fragment, Some(&end));
            // Whoever is at a button in a list that is drawn anew stays at that button, or near where it was.
            if let Some(id) = focused {
                rescue_focus(&id, home_of(parent.dyn_ref()));
            }
        });
    }
}

/// The id of the element that has the focus, if it is in here; empty if it has none.
fn focused_within(parent: &Node) -> Option<String> {
    document().active_element().filter(|active| parent.contains(Some(active))).map(|active| active.id())
}

/// Gives the focus to the element with this id, if there is one.
pub fn focus_id(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let _ = element.unchecked_ref::<HtmlElement>().focus();
    }
}

/// The list that an element is in, with a heading for the keyboard to go on at.
pub fn home_of(element: Option<&Element>) -> Option<Element> {
    element?.closest("[data-focus-home]").ok()?
}

/// When what had the focus was drawn anew, the focus goes to what has its id now; when it is gone for good, with
/// its row, the keyboard goes on at the heading of the list that it was in.
pub fn rescue_focus(id: &str, home: Option<Element>) {
    if document().active_element().is_some_and(|element| element.tag_name() != "BODY") {
        return;
    }
    let heading = home.and_then(|home| home.query_selector("h2").ok().flatten());
    let near = || heading.or_else(|| document().query_selector("h1").ok().flatten());
    if let Some(element) = document().get_element_by_id(id).or_else(near) {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.unchecked_ref::<HtmlElement>().focus_with_options(&options);
    }
}

/// Runs now and whenever what it reads moves, as long as the current owner lives.
pub fn effect(run: impl FnMut() + 'static) {
    keep_running(Box::new(run));
}

/// Runs once what is being drawn is on the page, and whenever what it reads moves.
pub fn afterwards(run: impl FnMut() + 'static) {
    run_later(Box::new(run));
}

// Below, each function takes a boxed closure so that it is compiled once and not for every caller.

fn keep_running(mut run: Box<dyn FnMut()>) {
    let effect = RenderEffect::new(move |_| run());
    StoredValue::new_local(effect);
}

fn run_later(run: Box<dyn FnMut()>) {
    Effect::new(run);
}

fn follow_attr(element: Element, name: &'static str, value: Box<dyn Fn() -> Option<String>>) {
    effect(move || {
        let _ = match value() {
            Some(value) => element.set_attribute(name, &value),
            None => element.remove_attribute(name),
        };
    });
}

/// A listener that is taken off its element when it is dropped: an event that is under way by then, as a dialog's
/// `close` may be, must not call what is gone.
struct Listener {
    element: Element,
    event: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let closure = self.closure.as_ref().unchecked_ref();
        let _ = self.element.remove_event_listener_with_callback(self.event, closure);
    }
}

fn listen(element: Element, event: &'static str, run: Box<dyn FnMut(Event)>) {
    let closure = Closure::wrap(run);
    let _ = element.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    // Dropped with the view.
    StoredValue::new_local(Listener { element, event, closure });
}
