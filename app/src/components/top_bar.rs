//! The bar above every page: the product's name, the ways to the pages, the account menu.

use super::{Button, theme_picker::ThemePicker};
use crate::auth::use_auth;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use uptrakit_api::{Account, Permission};

#[component]
pub fn TopBar(#[prop(into)] on_sign_out: Callback<()>) -> impl IntoView {
    let auth = use_auth();
    // The bar is drawn anew when the person changes, not whenever a count of theirs does.
    let account = Memo::new(move |_| auth.visitor().map(|visitor| visitor.account));
    let ways = move || {
        account.get().map(|account| {
            let users = account.permissions.contains(Permission::UsersManage);
            view! {
                <nav class="topnav" aria-label="Main">
                    <A href="/hosts">"Hosts"</A>
                    <A href="/profile">"Profile"</A>
                    {users.then(|| view! { <A href="/users">"Users"</A> })}
                </nav>
            }
            .into_any()
        })
    };
    // The tab has this title until a page is there. The title that was mounted last counts, and the bar is mounted before
    // the page.
    view! {
        <header class="topbar">
            <Title text="Uptrakit" />
            <div class="topbar-inner">
                <a class="brand" href="/">
                    "Uptrakit"
                </a>
                {move || ways()}
                <div class="topbar-end">
                    {move || view! { <Menu account=account.get() on_sign_out=on_sign_out /> }.into_any()}
                </div>
            </div>
        </header>
    }
}

#[component]
fn Menu(account: Option<Account>, on_sign_out: Callback<()>) -> impl IntoView {
    let is_signed_in = account.is_some();
    let initial = account.as_ref().and_then(|account| account.username.chars().next());
    let who = account.map(|account| {
        view! {
            <p class="menu-who">
                <strong>{account.username}</strong>
                <span>{account.email}</span>
            </p>
        }
    });
    view! {
        <button
            type="button"
            class="avatar"
            popovertarget="account-menu"
            aria-label=if is_signed_in { "Account menu" } else { "Settings" }
        >
            <span aria-hidden="true">{initial.unwrap_or('◐').to_string()}</span>
        </button>
        <div class="menu" id="account-menu" popover="auto">
            {who}
            <ThemePicker />
            // The guide is no page of the app: with a target, the browser follows the link and not the app.
            <a class="button" href="/docs" target="_self">
                "Guide"
            </a>
            {is_signed_in.then(|| view! { <Button on_press=on_sign_out>"Sign out"</Button> })}
        </div>
    }
}
