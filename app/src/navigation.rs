//! The address bar: what the router's hooks say of it, as the pages need it.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_url},
    location::Url,
};
use std::time::Duration;
use web_sys::UrlSearchParams;

/// The address of the current route. It stays as it is while another route takes this one's place.
#[derive(Clone, Copy)]
pub struct Navigation {
    url: ReadSignal<Url>,
    navigate: Callback<(String, NavigateOptions)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// "Back" leads to the page that is left.
    Pushed,
    /// "Back" leads to the page before: that one was only on the way.
    Replaced,
}

pub fn use_navigation() -> Navigation {
    let navigate = use_navigate();
    Navigation { url: use_url(), navigate: Callback::new(move |(to, options): (String, _)| navigate(&to, options)) }
}

impl Navigation {
    pub fn here(self) -> String {
        self.url.with_untracked(|url| full_path(url.path(), url.search(), url.hash()))
    }

    /// Returns a parameter of the query; empty when the query has none of this name.
    pub fn parameter(self, name: &str) -> String {
        self.url.with(|url| url.search_params().get_str(name).unwrap_or_default().to_owned())
    }

    pub fn go(self, to: &str, entry: History) {
        let replace = entry == History::Replaced;
        self.navigate(to, NavigateOptions { replace, ..NavigateOptions::default() });
    }

    /// Gives parameters of the query other values and leaves the rest as it is; one that is empty is not written.
    pub fn replace_parameters(self, parameters: &[(&str, &str)]) {
        let (path, search, anchor) =
            self.url.with_untracked(|url| (url.path().to_owned(), url.search().to_owned(), url.hash().to_owned()));
        let Ok(query) = UrlSearchParams::new_with_str(&search) else { return };
        for (name, value) in parameters {
            query.delete(name);
            if !value.is_empty() {
                query.append(name, value);
            }
        }
        let to = full_path(&path, &String::from(query.to_string()), &anchor);
        if to != self.here() {
            self.navigate(&to, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
        }
    }

    fn navigate(self, to: &str, options: NavigateOptions) {
        self.navigate.run((to.to_owned(), NavigateOptions { resolve: false, ..options }));
    }
}

fn full_path(path: &str, query: &str, anchor: &str) -> String {
    [path, if query.is_empty() { "" } else { "?" }, query, anchor].concat()
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
