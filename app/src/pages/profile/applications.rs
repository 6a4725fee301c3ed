//! The programs that the account is connected to by OAuth, and how to disconnect one.

use super::{Panel, use_changes};
use crate::{
    api_client,
    auth::use_auth,
    clock,
    components::{
        ActionsCell, Badge, ButtonKind, Cell, Columns, DialogForm, Instant, Loaded, Modal, NameCell, Pager, RowButton,
        SkeletonList, Table, TableKind, Tone, use_modal, use_notices,
    },
    drafts::kept,
    focus::keep_in_list,
    list_page::ListPage,
    loader::Loader,
    submission::Submission,
    wording,
};
use leptos::prelude::*;
use uptrakit_api::{ConnectedApplication, Page, Permission};

const COLUMNS: Columns = &["Name", "Permissions", "Answers go to", "Connected", "Last used", "Actions"];

#[component]
pub fn ApplicationsSection() -> impl IntoView {
    let (changes, page) = (use_changes(), ListPage::of_address("applications"));
    let applications = Loader::<Page<ConnectedApplication>>::paged(
        move || {
            changes.track();
            let page = page.get().to_string();
            api_client::get(&api_client::with_query("/api/v1/auth/applications", &[("page", &page)]))
        },
        move |last| page.turn(last),
    );
    let open = kept("applications.open", || None::<ConnectedApplication>);
    let section = NodeRef::new();
    keep_in_list(section, Signal::derive(move || applications.data.track()));
    let is_empty = applications.is_empty();
    let inside = move || {
        if is_empty.get() {
            view! {
                <p class="empty">
                    "No application is connected. Programs that you connect in the browser, such as an assistant that uses \
                     MCP, stand here and can be disconnected."
                </p>
            }
            .into_any()
        } else {
            view! {
                <Table kind=TableKind::Applications label="Connected applications" columns=COLUMNS>
                    <For
                        each=move || applications.items()
                        key=|application| application.id
                        children=move |application| {
                            view! { <Row application=applications.item(application, |it| it.id) open=open /> }
                        }
                    />
                </Table>
            }
            .into_any()
        }
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
            {move || {
                open.get()
                    .map(|application| view! { <DisconnectDialog application=application open=open /> }.into_any())
            }}
        </Panel>
    }
}

#[component]
fn Row(application: Memo<ConnectedApplication>, open: RwSignal<Option<ConnectedApplication>>) -> impl IntoView {
    let auth = use_auth();
    let may_write = Memo::new(move |_| auth.may(Permission::TokensWrite));
    let name = Signal::derive(move || application.with(|it| it.name.clone()));
    let is_verified = Memo::new(move |_| application.with(|it| it.verified));
    let permissions = move || {
        let one = |it: Permission| view! { <code class="item">{it.as_str()}</code> " " };
        application.with(|application| application.permissions.iter().map(one).collect_view().into_any())
    };
    let last_used = move || {
        application.with(|application| {
            let Some(at) = application.last_used_at else {
                return view! { <span class="muted">"Never"</span> }.into_any();
            };
            let from = application
                .last_used_ip
                .clone()
                .map(|address| view! { <span class="sub">"from " <code>{address}</code></span> });
            view! { <span><Instant at=at /> {from}</span> }.into_any()
        })
    };
    let disconnect = move || {
        may_write.get().then(|| {
            let press = move || open.set(Some(application.get_untracked()));
            view! { <RowButton label="Disconnect" of=name kind=ButtonKind::GhostBad on_press=press /> }.into_any()
        })
    };
    view! {
        <tr role="row" data-testid="application-row">
            <NameCell name=name>
                " "
                {move || (!is_verified.get()).then(|| view! { <Badge tone=Tone::Warn>"not verified"</Badge> }.into_any())}
            </NameCell>
            <Cell column="Permissions"><span>{move || permissions()}</span></Cell>
            <Cell column="Answers go to">
                {move || application.with(|it| goes_to(it.redirect_host.as_deref()))}
            </Cell>
            <Cell column="Connected">
                <Instant at=application.with_untracked(|it| it.created_at) />
            </Cell>
            <Cell column="Last used">{move || last_used()}</Cell>
            <ActionsCell>{move || disconnect()}</ActionsCell>
        </tr>
    }
}

#[component]
fn DisconnectDialog(application: ConnectedApplication, open: RwSignal<Option<ConnectedApplication>>) -> impl IntoView {
    view! {
        <Modal label="Disconnect application" on_close=move || open.set(None)>
            <Confirmation application=application />
        </Modal>
    }
}

#[component]
fn Confirmation(application: ConnectedApplication) -> impl IntoView {
    let (notices, changes, modal) = (use_notices(), use_changes(), use_modal());
    let submission = Submission::new();
    let path = ["/api/v1/auth/applications/", &application.id.to_string()].concat();
    let submit = move || {
        submission.send(api_client::revoke(&path), move |revoked| {
            notices.show(Tone::Good, wording::disconnected(&clock::time_with_millis(revoked.at), revoked.cut_off));
            changes.note();
            modal.close();
        });
    };
    view! {
        <DialogForm title="Disconnect application" submission=submission submit="Disconnect now" kind=ButtonKind::Danger on_submit=submit>
            <p>
                <strong class="name">{application.name}</strong>
                " loses its access everywhere, at once. To get it back, it has to ask you again."
            </p>
        </DialogForm>
    }
}

/// Says where answers go; a device gets its own.
fn goes_to(redirect_host: Option<&str>) -> AnyView {
    match redirect_host {
        None => view! { <span>"A device"</span> }.into_any(),
        Some("localhost") => view! { <span>"A program on the computer"</span> }.into_any(),
        Some(host) => view! { <code>{host.to_owned()}</code> }.into_any(),
    }
}
