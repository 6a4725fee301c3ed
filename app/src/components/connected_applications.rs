//! The applications that are connected to an account, for their owner in Profile and for an administrator in Users, and
//! the dialog that disconnects one.

use super::{
    ActionsCell, Badge, ButtonKind, Cell, Columns, DialogForm, Instant, Modal, NameCell, RowButton, Table, TableKind,
    Tone, use_modal, use_notices,
};
use crate::{api_client::Answer, clock, loader::Loader, rpc::Revoked, submission::Submission, wording};
use leptos::prelude::*;
use uptrakit_api::{ConnectedApplication, Page, Permission};

const COLUMNS: Columns = &["Name", "Permissions", "Answers go to", "Connected", "Last used", "Actions"];

/// The table of `applications`. Where `may_disconnect`, each row has a button that puts its application into `open`.
#[component]
pub fn ConnectedTable(
    applications: Loader<Page<ConnectedApplication>>,
    may_disconnect: Memo<bool>,
    open: RwSignal<Option<ConnectedApplication>>,
) -> impl IntoView {
    view! {
        <Table kind=TableKind::Applications label="Connected applications" columns=COLUMNS>
            <For
                each=move || applications.items()
                key=|application| application.id
                children=move |application| {
                    let application = applications.item(application, |it| it.id);
                    view! { <Row application=application may_disconnect=may_disconnect open=open /> }
                }
            />
        </Table>
    }
}

#[component]
fn Row(
    application: Memo<ConnectedApplication>,
    may_disconnect: Memo<bool>,
    open: RwSignal<Option<ConnectedApplication>>,
) -> impl IntoView {
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
        may_disconnect.get().then(|| {
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

/// Says where answers go; a device gets its own.
fn goes_to(redirect_host: Option<&str>) -> AnyView {
    match redirect_host {
        None => view! { <span>"A device"</span> }.into_any(),
        Some("localhost") => view! { <span>"A program on the computer"</span> }.into_any(),
        Some(host) => view! { <code>{host.to_owned()}</code> }.into_any(),
    }
}

#[component]
pub fn DisconnectDialog(
    application: ConnectedApplication,
    /// Ends the sentence that says whom the application has to ask to get its access back.
    #[prop(into)]
    asks: String,
    ask: Callback<(), Answer<Revoked>>,
    #[prop(into)] on_disconnected: Callback<()>,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Modal label="Disconnect application" on_close=on_close>
            <Confirmation name=application.name asks=asks ask=ask on_disconnected=on_disconnected />
        </Modal>
    }
}

#[component]
fn Confirmation(
    name: String,
    asks: String,
    ask: Callback<(), Answer<Revoked>>,
    on_disconnected: Callback<()>,
) -> impl IntoView {
    let (notices, modal) = (use_notices(), use_modal());
    let submission = Submission::new();
    let submit = move || {
        submission.send(ask.run(()), move |revoked| {
            notices.show(Tone::Good, wording::disconnected(&clock::time_with_millis(revoked.at), revoked.cut_off));
            on_disconnected.run(());
            modal.close();
        });
    };
    view! {
        <DialogForm title="Disconnect application" submission=submission submit="Disconnect" kind=ButtonKind::Danger on_submit=submit>
            <p>
                <strong class="name">{name}</strong>
                " loses the access of this connection everywhere, at once. To get it back, it has to ask "
                {asks}
                " again."
            </p>
        </DialogForm>
    }
}
