//! The applications that are connected to a person's account, for an administrator: which there are and whether they are
//! in use, and the way to disconnect one.

use super::use_people;
use crate::{
    api_client,
    components::{ConnectedTable, DisconnectDialog, Loaded, Pager, Panel, SkeletonTable},
    drafts::kept,
    focus::keep_in_list,
    loader::Loader,
};
use leptos::{html, prelude::*};
use uptrakit_api::{ConnectedApplication, Page, User};

#[component]
pub fn ConnectedTo(user: User) -> impl IntoView {
    let page = use_people().connected_page;
    let path = StoredValue::new(["/api/v1/users/", &user.id.to_string(), "/applications"].concat());
    let applications = Loader::<Page<ConnectedApplication>>::paged(
        move || {
            let number = page.get().to_string();
            api_client::get(&path.with_value(|path| api_client::with_query(path, &[("page", &number)])))
        },
        move |last| page.turn(last),
    );
    let open = kept("user-applications.open", || None::<ConnectedApplication>);
    let may_disconnect = Memo::new(|_| true);
    let section = NodeRef::<html::Section>::new();
    keep_in_list(section, Signal::derive(move || applications.data.track()));
    let is_empty = applications.is_empty();
    let inside = move || {
        if is_empty.get() {
            view! { <p class="empty">"No application is connected to this account."</p> }.into_any()
        } else {
            view! { <ConnectedTable applications=applications may_disconnect=may_disconnect open=open /> }.into_any()
        }
    };
    let title = ["Applications connected to ", &user.username].concat();
    let name = StoredValue::new(user.username);
    let dialog = move || {
        open.get().map(|application| {
            let path = path.with_value(|path| [path, "/", &application.id.to_string()].concat());
            view! {
                <DisconnectDialog
                    application=application
                    asks=name.get_value()
                    ask=Callback::new(move |()| api_client::revoke(&path))
                    on_disconnected=move || applications.reload()
                    on_close=move || open.set(None)
                />
            }
            .into_any()
        })
    };
    view! {
        <Panel id="user-applications" title=title section=section>
            <Loaded loader=applications waiting=|| view! { <SkeletonTable /> }>
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
