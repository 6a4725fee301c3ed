//! Who the visitor is here, and what that allows.

use super::panel;
use crate::{
    clock,
    components::{badge, instant},
    dom::{Child, El, el, group, live},
    session::Session,
};
use leptos::prelude::*;
use uptrakit_api::Account;

/// The section.
pub fn section() -> El {
    let session = Session::current();
    let account = Memo::new(move |_| session.visitor().map(|visitor| visitor.account));
    panel("account", "Account", ()).child(live(move || account.get().map(facts)))
}

fn facts(account: Account) -> Vec<El> {
    let roles = group(account.roles.iter().map(|role| badge(role.as_str(), "neutral")));
    let since = el("span", "")
        .child(clock::date(account.created_at))
        .child(el("span", "sub").child(instant(account.created_at)));
    let facts = el("dl", "facts")
        .child(fact("Username", account.username))
        .child(fact("Email", account.email))
        .child(fact("Roles", el("span", "badges").child(roles)))
        .child(fact("Member since", since));
    let permissions = group(account.permissions.iter().map(|permission| {
        el("li", "").child(permission.in_words()).child(" ").child(el("code", "").child(permission.as_str()))
    }));
    let may = el("details", "disclosure")
        .child(el("summary", "").child("What this account may do"))
        .child(el("ul", "plain").child(permissions));
    vec![facts, may]
}

fn fact(name: &str, value: impl Child) -> El {
    el("div", "").child(el("dt", "").child(name)).child(el("dd", "").child(value))
}
