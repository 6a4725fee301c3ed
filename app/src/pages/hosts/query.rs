//! What the address says of the list of hosts. An order that there isn't is the usual one.

use crate::{
    api_client::with_query,
    components::Choice,
    list_page::ListPage,
    navigation::{Navigation, use_navigation},
};
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostSort {
    #[default]
    Name,
    SecurityUpdates,
    PendingUpdates,
    LastSeen,
}

impl HostSort {
    pub const ALL: &[Self] = &[Self::Name, Self::SecurityUpdates, Self::PendingUpdates, Self::LastSeen];
}

impl Choice for HostSort {
    fn value(&self) -> String {
        match self {
            Self::Name => "hostname",
            Self::SecurityUpdates => "-security_updates",
            Self::PendingUpdates => "-pending_updates",
            Self::LastSeen => "-last_seen_at",
        }
        .to_owned()
    }

    fn label(&self) -> String {
        match self {
            Self::Name => "Name",
            Self::SecurityUpdates => "Security updates",
            Self::PendingUpdates => "Pending updates",
            Self::LastSeen => "Last seen",
        }
        .to_owned()
    }
}

#[derive(Clone, Copy)]
pub struct HostListQuery {
    pub search: Memo<String>,
    pub sort: Memo<HostSort>,
    page: ListPage,
    navigation: Navigation,
}

impl HostListQuery {
    pub fn of_address() -> Self {
        let navigation = use_navigation();
        let sort = move |_: Option<&HostSort>| {
            let value = navigation.parameter("sort");
            HostSort::ALL.iter().find(|sort| sort.value() == value).copied().unwrap_or_default()
        };
        Self {
            search: Memo::new(move |_| navigation.parameter("q")),
            sort: Memo::new(sort),
            page: ListPage::of_address("page"),
            navigation,
        }
    }

    /// The path of the list at the server; reads all of the query.
    pub fn path(self) -> String {
        let page = self.page.get().to_string();
        let query = [("q", &*self.search.get()), ("sort", &written(self.sort.get())), ("page", &page)];
        with_query("/api/v1/hosts", &query)
    }

    /// Returns true when a host that reports stays where it is in the list.
    pub fn is_in_place(self) -> bool {
        self.search.with(String::is_empty) && self.sort.get() == HostSort::Name
    }

    pub fn turn(self, page: u32) {
        self.page.turn(page);
    }

    /// Another search starts on its first page, as does another order.
    pub fn search_for(self, search: &str) {
        self.go(search, self.sort.get_untracked());
    }

    pub fn sort_by(self, sort: HostSort) {
        self.go(&self.search.get_untracked(), sort);
    }

    fn go(self, search: &str, sort: HostSort) {
        self.navigation.replace_parameters(&[("q", search), ("sort", &written(sort)), ("page", "")]);
    }
}

fn written(sort: HostSort) -> String {
    if sort == HostSort::default() { String::new() } else { sort.value() }
}
