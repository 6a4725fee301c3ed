//! What the address says of the list of tokens. A state or an order that there isn't is the usual one, which the address
//! leaves out.

use crate::{
    components::{Choice, TokenFilter},
    list_page::ListPage,
    navigation::{Navigation, use_navigation},
};
use leptos::prelude::*;
use uptrakit_api::TokenQuery;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenSort {
    #[default]
    Newest,
    Name,
    LastUsed,
    ExpiresSoonest,
}

impl TokenSort {
    pub const ALL: &[Self] = &[Self::Newest, Self::Name, Self::LastUsed, Self::ExpiresSoonest];
}

impl Choice for TokenSort {
    fn value(&self) -> String {
        match self {
            Self::Newest => "-created_at",
            Self::Name => "name",
            Self::LastUsed => "-last_used_at",
            Self::ExpiresSoonest => "expires_at",
        }
        .to_owned()
    }

    fn label(&self) -> String {
        match self {
            Self::Newest => "Newest first",
            Self::Name => "Name",
            Self::LastUsed => "Last used",
            Self::ExpiresSoonest => "Expires soonest",
        }
        .to_owned()
    }
}

#[derive(Clone, Copy)]
pub struct TokenListQuery {
    pub search: Memo<String>,
    pub filter: Memo<TokenFilter>,
    pub sort: Memo<TokenSort>,
    page: ListPage,
    navigation: Navigation,
}

impl TokenListQuery {
    pub fn of_address() -> Self {
        let navigation = use_navigation();
        Self {
            search: Memo::new(move |_| navigation.parameter("q")),
            filter: Memo::new(move |_| chosen(TokenFilter::ALL, &navigation.parameter("state"))),
            sort: Memo::new(move |_| chosen(TokenSort::ALL, &navigation.parameter("sort"))),
            page: ListPage::of_address("page"),
            navigation,
        }
    }

    /// As the server takes it; reads all of it.
    pub fn on_the_wire(self) -> TokenQuery {
        TokenQuery {
            state: Some(self.filter.get().value()),
            q: Some(self.search.get()).filter(|search| !search.is_empty()),
            sort: Some(self.sort.get().value()),
            page: Some(self.page.get().to_string()),
            per_page: None,
        }
    }

    pub fn turn(self, page: u32) {
        self.page.turn(page);
    }

    /// Another search starts on its first page, as do the other choices.
    pub fn search_for(self, search: &str) {
        self.go(search, self.filter.get_untracked(), self.sort.get_untracked());
    }

    pub fn show(self, filter: TokenFilter) {
        self.go(&self.search.get_untracked(), filter, self.sort.get_untracked());
    }

    pub fn sort_by(self, sort: TokenSort) {
        self.go(&self.search.get_untracked(), self.filter.get_untracked(), sort);
    }

    fn go(self, search: &str, filter: TokenFilter, sort: TokenSort) {
        let (state, sort) = (unless_usual(&filter), unless_usual(&sort));
        self.navigation.replace_parameters(&[("q", search), ("state", &state), ("sort", &sort), ("page", "")]);
    }
}

fn chosen<C: Choice + Default>(options: &[C], value: &str) -> C {
    options.iter().find(|option| option.value() == value).cloned().unwrap_or_default()
}

fn unless_usual<C: Choice + Default>(choice: &C) -> String {
    if *choice == C::default() { String::new() } else { choice.value() }
}
