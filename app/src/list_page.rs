//! Which page of a list is shown. Every list has the same rule: the address says which page that is, and says nothing
//! of the first one.

use crate::navigation::{Navigation, use_navigation};
use leptos::prelude::*;

#[derive(Clone, Copy)]
pub struct ListPage {
    parameter: &'static str,
    number: Memo<u32>,
    navigation: Navigation,
}

impl ListPage {
    /// Follows the address. Two lists that can be on one page of the app have parameters of different names.
    pub fn of_address(parameter: &'static str) -> Self {
        let navigation = use_navigation();
        let number = Memo::new(move |_| navigation.parameter(parameter).parse().unwrap_or(1).max(1));
        let page = Self { parameter, number, navigation };
        Effect::new(move |_| {
            if navigation.parameter(parameter) != written(number.get()) {
                page.turn(number.get_untracked());
            }
        });
        page
    }

    pub fn get(self) -> u32 {
        self.number.get()
    }

    pub fn turn(self, to: u32) {
        self.navigation.replace_parameters(&[(self.parameter, &written(to))]);
    }
}

fn written(number: u32) -> String {
    if number > 1 { number.to_string() } else { String::new() }
}
