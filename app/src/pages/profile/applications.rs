//! The programs that the account is connected to by OAuth, and how to disconnect one.

use super::use_changes;
use crate::{
    api_client,
    auth::use_auth,
    components::{ConnectedTable, DisconnectDialog, Loaded, Pager, Panel, SkeletonList},
    drafts::kept,
    focus::keep_in_list,
    list_page::ListPage,
    loader::Loader,
};
use leptos::prelude::*;
use uptrakit_api::{ConnectedApplication, Page, Permission};

#[component]
pub fn ApplicationsSection() -> impl IntoView {
    let (auth, changes, page) = (use_auth(), use_changes(), ListPage::of_address("applications"));
    let applications = Loader::<Page<ConnectedApplication>>::paged(
        move || {
            changes.track();
            let page = page.get().to_string();
            api_client::get(&api_client::with_query("/api/v1/auth/applications", &[("page", &page)]))
        },
        move |last| page.turn(last),
    );
    let open = kept("applications.open", || None::<ConnectedApplication>);
    let may_disconnect = Memo::new(move |_| auth.may(Permission::TokensWrite));
    let section = NodeRef::new();
    keep_in_list(section, Signal::derive(move || applications.data.track()));
    let is_empty = applications.is_empty();
    let inside = move || {
        if is_empty.get() {
            view! {
                <p class="empty">
                    "No application is connected. Programs that you connect in the browser are listed here, where you can \
                     disconnect them; " <a href="#assistants">"an assistant"</a> " is one."
                </p>
            }
            .into_any()
        } else {
            view! { <ConnectedTable applications=applications may_disconnect=may_disconnect open=open /> }.into_any()
        }
    };
    let dialog = move || {
        open.get().map(|application| {
            let path = ["/api/v1/auth/applications/", &application.id.to_string()].concat();
            view! {
                <DisconnectDialog
                    application=application
                    asks="you"
                    ask=Callback::new(move |()| api_client::revoke(&path))
                    on_disconnected=move || changes.note()
                    on_close=move || open.set(None)
                />
            }
            .into_any()
        })
    };
    view! {
        <Panel id="applications" title="Connected applications" section=section>
            <Loaded loader=applications waiting=|| view! { <SkeletonList rows=1 /> }>
                <div>
                    {move || inside()}
                    <Pager
                        label="Pages of connected applications"
                        place=applications.place()
                        turn=move |to| page.turn(to)
                    />
                </div>
            </Loaded>
            {move || dialog()}
        </Panel>
    }
}
