//! The bar above every page: the product's name, the ways to the pages, the account menu.

use super::{button, theme_picker::theme_picker};
use crate::{
    dom::{El, el, live},
    route::Route,
    session::Session,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{Account, Permission};

/// The bar; `sign_out` runs when the visitor wants to leave.
pub fn top_bar(sign_out: Rc<dyn Fn()>) -> El {
    let session = Session::current();
    let route = Route::current();
    // The bar is drawn anew when the person changes, not whenever a count of theirs does.
    let account = Memo::new(move |_| session.visitor().map(|visitor| visitor.account));
    let link = move |to: &'static str, name: &str| {
        let current = move || (route.path() == to).then(|| "page".to_owned());
        el("a", "").attr("href", to).live_attr("aria-current", current).child(name)
    };
    let navigation = live(move || {
        account.get().map(|account| {
            let users = account.permissions.contains(Permission::UsersManage).then(|| link("/users", "Users"));
            el("nav", "topnav")
                .attr("aria-label", "Main")
                .child(link("/hosts", "Hosts"))
                .child(link("/profile", "Profile"))
                .child(users)
        })
    });
    let menu = live(move || menu(account.get(), &sign_out));
    let inner = el("div", "topbar-inner")
        .child(el("a", "brand").attr("href", "/").child("Uptrakit"))
        .child(navigation)
        .child(el("div", "topbar-end").child(menu));
    el("header", "topbar").child(inner)
}

fn menu(account: Option<Account>, sign_out: &Rc<dyn Fn()>) -> Vec<El> {
    let name = if account.is_some() { "Account menu" } else { "Settings" };
    let initial = account.as_ref().and_then(|account| account.username.chars().next());
    let sign = initial.map_or("◐".to_owned(), String::from);
    let opener = el("button", "avatar")
        .attr("type", "button")
        .attr("popovertarget", "account-menu")
        .attr("aria-label", name)
        .child(el("span", "").attr("aria-hidden", "true").child(sign));
    let mut menu = el("div", "menu").attr("id", "account-menu").attr("popover", "auto");
    let leave = account.is_some().then(|| {
        let sign_out = Rc::clone(sign_out);
        button("Sign out", "button", move || sign_out())
    });
    if let Some(account) = account {
        let who = el("p", "menu-who")
            .child(el("strong", "").child(account.username))
            .child(el("span", "").child(account.email));
        menu = menu.child(who);
    }
    // The guide is no page of the app: with a target, the browser follows the link and not the app.
    let guide = el("a", "button").attr("href", "/docs").attr("target", "_self").child("Guide");
    vec![opener, menu.child(theme_picker()).child(guide).child(leave)]
}
