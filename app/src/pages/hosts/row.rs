//! One host in the list. It is drawn once; what a report changes, it changes in place.

use super::Open;
use crate::{
    auth::use_auth,
    components::{ActionsCell, Badge, ButtonKind, Cell, Instant, NameCell, RowButton, Tone},
};
use leptos::prelude::*;
use uptrakit_api::{Host, Permission, Timestamp};

#[component]
pub fn HostRow(host: Memo<Host>, open: RwSignal<Option<Open>>) -> impl IntoView {
    let auth = use_auth();
    let may_write = Memo::new(move |_| auth.may(Permission::HostsWrite));
    let name = Signal::derive(move || host.with(|host| host.friendly_name.as_ref().unwrap_or(&host.hostname).clone()));
    let hostname = Memo::new(move |_| host.with(|host| host.friendly_name.is_some().then(|| host.hostname.clone())));
    let shared_since = Memo::new(move |_| host.with(|host| host.shared_machine_id_at));
    let system = move || host.with(|host| [&host.os_name, " ", &host.os_version].concat());
    let kernel = move || host.with(|host| [&host.kernel, " ", &host.architecture].concat());
    let pending = Memo::new(move |_| host.with(|host| host.pending_updates));
    let security = Memo::new(move |_| host.with(|host| host.security_updates));
    let restart = Memo::new(move |_| host.with(|host| host.reboot_required));
    let last_seen = Memo::new(move |_| host.with(|host| host.last_seen_at));
    let opens = move |what: fn(Host) -> Open| move || open.set(Some(what(host.get_untracked())));
    let buttons = move || {
        may_write.get().then(|| {
            view! {
                <RowButton label="Rename" of=name kind=ButtonKind::Ghost on_press=opens(Open::Rename) />
                <RowButton label="Delete" of=name kind=ButtonKind::GhostBad on_press=opens(Open::Delete) />
            }
            .into_any()
        })
    };
    view! {
        <tr role="row" data-testid="host-row">
            <NameCell name=name>
                {move || hostname.get().map(|hostname| view! { <span class="sub">{hostname}</span> }.into_any())}
                {move || shared_since.get().map(|at| view! { <SharedMachineId noticed_at=at /> }.into_any())}
            </NameCell>
            <Cell column="Operating system">
                <span>{move || system()} <span class="sub">{move || kernel()}</span></span>
            </Cell>
            <Cell column="Updates">
                {move || count(pending.get(), |count| view! { <span>{count}</span> }.into_any())}
            </Cell>
            <Cell column="Security updates">
                {move || count(security.get(), |count| view! { <Badge tone=Tone::Bad>{count}</Badge> }.into_any())}
            </Cell>
            <Cell column="Restart">
                {move || match restart.get() {
                    Some(true) => view! { <Badge tone=Tone::Warn>"Needed"</Badge> }.into_any(),
                    Some(false) => view! { <span class="muted">"No"</span> }.into_any(),
                    None => unknown(),
                }}
            </Cell>
            <Cell column="Last seen">{move || view! { <Instant at=last_seen.get() /> }.into_any()}</Cell>
            <ActionsCell>{move || buttons()}</ActionsCell>
        </tr>
    }
}

fn count(count: Option<u32>, some: fn(u32) -> AnyView) -> AnyView {
    match count {
        Some(0) => view! { <span class="muted">"0"</span> }.into_any(),
        Some(count) => some(count),
        None => unknown(),
    }
}

fn unknown() -> AnyView {
    view! {
        <span class="muted" title="The machine can't tell">
            "Unknown"
        </span>
    }
    .into_any()
}

#[component]
fn SharedMachineId(noticed_at: Timestamp) -> impl IntoView {
    view! {
        <span class="sub">
            <Badge tone=Tone::Warn>"shared machine id"</Badge>
            " Two machines report as this host, noticed "
            <Instant at=noticed_at />
            ". "
            <a href="/docs/cli#machines-that-share-a-machine-id" target="_self">
                "Give one an id of its own"
            </a>
            "."
        </span>
    }
}
