//! Profile: who am I here, what can I do, which keys exist, and how do I kill one now. Each section loads by
//! itself, so that a slow one holds up no other.

mod account;
mod activity;
mod applications;
mod assistants;
mod password;
mod sessions;
mod tokens;

use self::{
    account::AccountSection, activity::ActivitySection, applications::ApplicationsSection,
    assistants::AssistantsSection, password::PasswordSection, sessions::SessionsSection, tokens::TokensSection,
};
use crate::{
    auth::use_auth,
    components::{Later, PageHead},
};
use leptos::prelude::*;

/// Moves whenever one section changed what another may show: a revoke is an event, a new password ends sessions.
#[derive(Clone, Copy)]
struct Changes(RwSignal<()>);

fn use_changes() -> Changes {
    expect_context()
}

impl Changes {
    fn track(self) {
        self.0.track();
    }

    fn note(self) {
        self.0.try_set(());
    }
}

#[component]
pub fn Profile() -> impl IntoView {
    provide_context(Changes(RwSignal::new(())));
    let auth = use_auth();
    let has_applications = Memo::new(move |_| auth.visitor().is_some_and(|visitor| visitor.has_applications));
    let applications = move || has_applications.get().then(|| view! { <ApplicationsSection /> }.into_any());
    let has_assistants = Memo::new(move |_| auth.visitor().is_some_and(|visitor| visitor.assistant_url.is_some()));
    let assistants = move || has_assistants.get().then(|| view! { <AssistantsSection /> }.into_any());
    let link = || view! { <a href="#applications" target="_self">"Applications"</a> }.into_any();
    let assistants_link = || view! { <a href="#assistants" target="_self">"Assistants"</a> }.into_any();
    view! {
        <div>
            <PageHead title="Profile">
                // With a target, the browser follows these links and not the router: it moves the keyboard along.
                <nav class="sections" aria-label="Sections">
                    <a href="#tokens" target="_self">"API tokens"</a>
                    {move || has_applications.get().then(link)}
                    {move || has_assistants.get().then(assistants_link)}
                    <a href="#sessions" target="_self">"Sessions"</a>
                    <a href="#password" target="_self">"Password"</a>
                    <a href="#activity" target="_self">"Activity"</a>
                </nav>
            </PageHead>
            <AccountSection />
            <TokensSection />
            <Later>{move || applications()}</Later>
            <Later>{move || assistants()}</Later>
            <Later>
                <SessionsSection />
            </Later>
            <Later>
                <PasswordSection />
            </Later>
            <Later>
                <ActivitySection />
            </Later>
        </div>
    }
}
