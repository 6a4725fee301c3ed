//! Who the visitor is here, and what that allows.

use crate::{
    auth::use_auth,
    clock,
    components::{Badge, Instant, Panel},
};
use leptos::prelude::*;
use uptrakit_api::Account;

#[component]
pub fn AccountSection() -> impl IntoView {
    let auth = use_auth();
    let account = Memo::new(move |_| auth.visitor().map(|visitor| visitor.account));
    view! {
        <Panel id="account" title="Account">
            {move || account.get().map(|account| view! { <Facts account=account /> }.into_any())}
        </Panel>
    }
}

#[component]
fn Facts(account: Account) -> impl IntoView {
    let roles = account.roles.iter().map(|role| view! { <Badge>{role.as_str()}</Badge> }).collect_view();
    let permission = |permission: uptrakit_api::Permission| {
        view! { <li>{permission.in_words()} " " <code>{permission.as_str()}</code></li> }
    };
    view! {
        <dl class="facts">
            <Fact name="Username">{account.username}</Fact>
            <Fact name="Email">{account.email}</Fact>
            <Fact name="Roles">
                <span class="badges">{roles}</span>
            </Fact>
            <Fact name="Member since">
                <span>
                    {clock::date(account.created_at)} <span class="sub"><Instant at=account.created_at /></span>
                </span>
            </Fact>
        </dl>
        <details class="disclosure">
            <summary>"What this account may do"</summary>
            <ul class="plain">{account.permissions.iter().map(permission).collect_view()}</ul>
        </details>
    }
}

#[component]
fn Fact(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
}
