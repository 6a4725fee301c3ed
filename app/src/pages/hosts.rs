//! Hosts: which machines there are and what they wait for. The list follows the server's event stream; search, sort
//! and page stand in the address, so that a view can be bookmarked and sent to others.

mod change;
mod query;
mod row;
mod stream;

use self::{
    change::{DeleteDialog, RenameDialog},
    query::{HostListQuery, HostSort},
    row::HostRow,
};
use crate::{
    api_client,
    components::{
        Callout, Columns, Loaded, PageHead, Pager, SearchBox, SelectBox, SkeletonTable, Table, TableKind, Tone,
        announce_found,
    },
    drafts::kept,
    focus::keep_in_list,
    loader::Loader,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{Host, Page};

#[derive(Clone)]
enum Open {
    Rename(Host),
    Delete(Host),
}

const COLUMNS: Columns = &["Name", "Operating system", "Updates", "Security", "Restart", "Last seen", "Actions"];

#[component]
pub fn Hosts() -> impl IntoView {
    let query = HostListQuery::of_address();
    let hosts = Loader::paged(move || api_client::get(&query.path()), move |last| query.turn(last));
    let is_silent = stream::follow(hosts, Memo::new(move |_| query.is_in_place()));
    let open = kept("hosts.open", || None::<Open>);
    let changed = Callback::new(move |()| hosts.reload());
    let close = move || open.set(None);
    let dialog = move || {
        open.get().map(|open| match open {
            Open::Rename(host) => view! { <RenameDialog host=host on_changed=changed on_close=close /> }.into_any(),
            Open::Delete(host) => view! { <DeleteDialog host=host on_changed=changed on_close=close /> }.into_any(),
        })
    };
    // A search that finds nothing says so below; "0 hosts" would read as if they were gone.
    let found = move |page: &Page<Host>| (page.total > 0).then(|| counted(page.total, "host"));
    let total = move || hosts.data.with(|page| page.as_ref().and_then(found));
    let silence = move || {
        is_silent.get().then(|| {
            view! {
                <Callout tone=Tone::Warn>
                    "Live updates aren't getting through. The list is asked for every 30 seconds."
                </Callout>
            }
            .into_any()
        })
    };
    let section = NodeRef::new();
    keep_in_list(section, Signal::derive(move || hosts.data.track()));
    view! {
        <div>
            <PageHead title="Hosts">
                <span class="muted">{move || total()}</span>
            </PageHead>
            <section class="panel" aria-label="All hosts" node_ref=section>
                <div aria-live="polite">{move || silence()}</div>
                <Controls hosts=hosts query=query />
                <Loaded loader=hosts waiting=|| view! { <SkeletonTable /> }>
                    <List hosts=hosts query=query open=open />
                </Loaded>
            </section>
            {move || dialog()}
        </div>
    }
}

#[component]
fn Controls(hosts: Loader<Page<Host>>, query: HostListQuery) -> impl IntoView {
    let asked = announce_found(hosts, "host");
    let search = Callback::new(move |text: String| {
        asked();
        query.search_for(&text);
    });
    let sort = Callback::new(move |sort| {
        asked();
        query.sort_by(sort);
    });
    view! {
        <div class="controls">
            <SearchBox label="Search hosts" value=query.search on_search=search />
            <SelectBox label="Sort by" value=query.sort options=HostSort::ALL on_choose=sort />
        </div>
    }
}

#[component]
fn List(hosts: Loader<Page<Host>>, query: HostListQuery, open: RwSignal<Option<Open>>) -> impl IntoView {
    let is_empty = hosts.is_empty();
    let is_first = Memo::new(move |_| {
        hosts.data.with(|page| page.as_ref().is_some_and(|page| page.total == 0)) && query.search.with(String::is_empty)
    });
    let inside = move || {
        if !is_empty.get() {
            view! {
                <Table kind=TableKind::Hosts label="Hosts" columns=COLUMNS>
                    <For
                        each=move || hosts.items()
                        key=|host| host.id
                        children=move |host| view! { <HostRow host=hosts.item(host, |host| host.id) open=open /> }
                    />
                </Table>
            }
            .into_any()
        } else if is_first.get() {
            view! { <FirstSteps /> }.into_any()
        } else {
            view! { <p class="empty">"No host matches the search. Clear it to see all."</p> }.into_any()
        }
    };
    view! {
        <div>
            {move || inside()} <Pager label="Pages of hosts" place=hosts.place() turn=move |page| query.turn(page) />
        </div>
    }
}

#[component]
fn FirstSteps() -> impl IntoView {
    let origin = window().location().origin().unwrap_or_default();
    view! {
        <div class="empty start">
            <h2>"No host reports yet"</h2>
            <p>
                "Create a token under "
                <a href="/profile#tokens">"Profile"</a>
                ", then run these two lines on a machine, this one for instance. The machine appears here by itself."
            </p>
            <pre tabindex="0">
                <code>"export UPTRAKIT_TOKEN=upk_…"</code>
                <code>"uptrakit --server " {origin} " hosts report"</code>
            </pre>
        </div>
    }
}
