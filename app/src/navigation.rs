//! Where the page is: path and query of the address bar, as signals, and the ways to get elsewhere without a reload.
//! The app has six flat routes; this is all it needs of a router, and a sixth of one's size.

use leptos::{ev, prelude::*};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, MouseEvent, UrlSearchParams};

/// The address bar.
#[derive(Clone, Copy)]
pub struct Navigation {
    path: RwSignal<String>,
    search: RwSignal<String>,
}

/// Whether "back" leads to the page that is left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// It does.
    Pushed,
    /// It doesn't: that page was only on the way.
    Replaced,
}

/// The navigation of this page.
pub fn use_navigation() -> Navigation {
    expect_context()
}

impl Navigation {
    /// Follows the address bar for everything below: links that are clicked, back and forward.
    pub fn provide() -> Self {
        let navigation = Self { path: RwSignal::new(String::new()), search: RwSignal::new(String::new()) };
        provide_context(navigation);
        navigation.read(false);
        let _ = window_event_listener(ev::popstate, move |_| {
            navigation.read(false);
        });
        let _ = window_event_listener(ev::click, move |event| navigation.clicked(&event));
        navigation
    }

    /// The path, without a slash at its end.
    pub fn path(self) -> String {
        self.path.get()
    }

    /// Path, query and anchor, to come back to.
    pub fn here(self) -> String {
        let anchor = window().location().hash().unwrap_or_default();
        self.path.get_untracked() + &self.search.get_untracked() + &anchor
    }

    /// A parameter of the query; empty when it is not there.
    pub fn parameter(self, name: &str) -> String {
        let search = self.search.get();
        UrlSearchParams::new_with_str(&search).ok().and_then(|query| query.get(name)).unwrap_or_default()
    }

    /// Goes to a path of this site.
    pub fn go(self, to: &str, entry: History) {
        let Ok(history) = window().history() else { return };
        let _ = match entry {
            History::Pushed => history.push_state_with_url(&JsValue::NULL, "", Some(to)),
            History::Replaced => history.replace_state_with_url(&JsValue::NULL, "", Some(to)),
        };
        let elsewhere = self.read(entry == History::Replaced);
        if elsewhere || to.contains('#') {
            scroll_to_anchor();
        }
    }

    /// Reads the address bar; whether another page is to be drawn than before. A page that replaces its own query, as
    /// one types into its search box, knows of it and is not drawn anew.
    fn read(self, by_itself: bool) -> bool {
        let location = window().location();
        let path = location.pathname().unwrap_or_default();
        let path = if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path };
        let search = location.search().unwrap_or_default();
        // What moves nobody must not redraw anything.
        let searched = self.search.with_untracked(|known| *known != search);
        let elsewhere = self.path.with_untracked(|known| *known != path) || (searched && !by_itself);
        // The path first: the page that is left must be gone before it could take the other's query for its own.
        if elsewhere {
            self.path.set(path);
        }
        if searched {
            self.search.set(search);
        }
        elsewhere
    }

    /// A click on a link to another page of the app goes there without a reload; every other click is the browser's.
    fn clicked(self, event: &MouseEvent) {
        let modified = event.button() != 0
            || event.meta_key()
            || event.alt_key()
            || event.ctrl_key()
            || event.shift_key()
            || event.default_prevented();
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest("a[href]").ok().flatten());
        let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) else { return };
        let same_site = window().location().origin().is_ok_and(|origin| origin == link.origin());
        let within_page = !link.hash().is_empty() && link.pathname() == self.path.get_untracked();
        if modified || !same_site || within_page || link.has_attribute("target") || link.has_attribute("download") {
            return;
        }
        event.prevent_default();
        self.go(&[link.pathname(), link.search(), link.hash()].concat(), History::Pushed);
    }
}

/// Shows what the address's anchor names, else the top, as soon as the page that is arrived at is there.
pub fn scroll_to_anchor() {
    let show = || {
        let anchor = window().location().hash().unwrap_or_default();
        match document().get_element_by_id(anchor.trim_start_matches('#')) {
            Some(element) => element.scroll_into_view(),
            None => window().scroll_to_with_x_and_y(0.0, 0.0),
        }
    };
    // The next frame finds the page drawn, and the tasks that go on drawing it in line before this one.
    request_animation_frame(move || set_timeout(show, Duration::ZERO));
}
