//! Hosts: which machines there are and what they wait for. The list follows the server's event stream; search, sort
//! and page stand in the address, so that a view can be bookmarked and sent to somebody.

mod change;
mod stream;

use crate::{
    components::{
        Tone, actions_cell, announce_found, badge, callout, cell, instant, loaded, name_cell, page_head, pager,
        row as table_row, row_button, search_box, select_box, skeleton_table, table,
    },
    dom::{El, el, live},
    drafts::kept,
    loader::Loader,
    rest,
    route::{Leave, Route},
    session::Session,
    wording::counted,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{Host, Page, Permission, Timestamp};

const SORTS: &[(&str, &str)] = &[
    ("hostname", "Name"),
    ("-security_updates", "Security updates"),
    ("-pending_updates", "Pending updates"),
    ("-last_seen_at", "Last seen"),
];

/// What the address says of the list.
#[derive(Clone)]
struct Wanted {
    search: String,
    sort: String,
    page: String,
}

/// Goes to another view of the list.
type Go = Rc<dyn Fn(Wanted)>;

/// The dialog that is open, and the host that it is about.
#[derive(Clone)]
enum Open {
    Rename(Host),
    Delete(Host),
}

/// The page.
pub fn hosts() -> El {
    let route = Route::current();
    let wanted =
        move || Wanted { search: route.parameter("q"), sort: route.parameter("sort"), page: route.parameter("page") };
    let go: Go = Rc::new(move |to: Wanted| {
        let path = rest::with_query("/hosts", &[("q", &to.search), ("sort", &to.sort), ("page", &to.page)]);
        route.go(&path, Leave::Replaced);
    });
    let go_last = Rc::clone(&go);
    let hosts = Loader::paged(
        move || {
            let Wanted { search, sort, page } = wanted();
            rest::get(&rest::with_query("/api/v1/hosts", &[("q", &search), ("sort", &sort), ("page", &page)]))
        },
        move |last| go_last(Wanted { page: last.to_string(), ..untrack(wanted) }),
    );
    let in_place = Memo::new(move |_| {
        let Wanted { search, sort, .. } = wanted();
        search.is_empty() && matches!(&*sort, "" | "hostname")
    });
    let is_silent = stream::follow(hosts, in_place);
    let open = kept("hosts.open", || None::<Open>);
    let may_write = Session::current().may(Permission::HostsWrite);
    let now = move || untrack(wanted);
    // A search that finds nothing says so below; "0 hosts" would read as if they were gone.
    let found = move |page: &Page<Host>| (page.total > 0).then(|| counted(page.total, "host"));
    let total = live(move || hosts.data.with(|page| page.as_ref().and_then(found)));
    let (go_search, go_sort) = (Rc::clone(&go), Rc::clone(&go));
    let asked = announce_found(hosts, "host");
    let controls = el("div", "controls")
        .child(search_box("Search hosts", &now().search, move |search| {
            asked();
            go_search(Wanted { search, page: String::new(), ..now() });
        }))
        .child(select_box("Sort by", &now().sort, SORTS, move |sort| {
            asked();
            go_sort(Wanted { sort, page: String::new(), ..now() });
        }));
    let silence = live(move || {
        let words = "Live updates aren't getting through. The list is asked for every 30 seconds.";
        is_silent.get().then(|| callout(Tone::Warn, words))
    });
    let silence = el("div", "").attr("aria-live", "polite").child(silence);
    let listed = loaded(hosts, skeleton_table, move |page| list(page, now(), may_write, open, &go));
    el("div", "")
        .child(page_head("Hosts").child(el("span", "muted").child(total)))
        .child(el("section", "panel").attr("aria-label", "All hosts").child(silence).child(controls).child(listed))
        .child(live(move || open.get().map(|what| untrack(|| change::dialog(what, open, hosts)))))
}

fn list(hosts: Page<Host>, wanted: Wanted, may_write: bool, open: RwSignal<Option<Open>>, go: &Go) -> El {
    let columns = ["Name", "Operating system", "Updates", "Security", "Restart", "Last seen", "Actions"];
    let rows: Vec<El> = hosts.items.into_iter().map(|host| row(&host, may_write, open)).collect();
    let inside = match rows.is_empty() {
        true if hosts.total == 0 && wanted.search.is_empty() => first_steps(),
        true => el("p", "empty").child("No host matches."),
        false => table("table hosts", "Hosts", &columns, rows),
    };
    let go = Rc::clone(go);
    let turn = move |page: u32| go(Wanted { page: page.to_string(), ..wanted.clone() });
    el("div", "").child(inside).child(pager("Pages of hosts", hosts.page, hosts.total_pages, turn))
}

fn row(host: &Host, may_write: bool, open: RwSignal<Option<Open>>) -> El {
    let name = host.friendly_name.as_ref().unwrap_or(&host.hostname);
    let under = host.friendly_name.is_some().then(|| el("span", "sub").child(host.hostname.as_str()));
    let none = || el("span", "muted").child("0");
    let pending = match host.pending_updates {
        Some(0) => none(),
        Some(count) => el("span", "").child(count.to_string()),
        None => unknown(),
    };
    let security = match host.security_updates {
        Some(0) => none(),
        Some(count) => badge(&count.to_string(), "bad"),
        None => unknown(),
    };
    let restart = match host.reboot_required {
        Some(true) => badge("Needed", "warn"),
        Some(false) => el("span", "muted").child("No"),
        None => unknown(),
    };
    let system = el("span", "")
        .child([&host.os_name, " ", &host.os_version].concat())
        .child(el("span", "sub").child([&host.kernel, " ", &host.architecture].concat()));
    let mut actions = actions_cell();
    if may_write {
        let id = host.id.to_string();
        let opens = |label: &str, class: &str, what: Open| {
            row_button(label, name, &id, class, move || open.set(Some(what.clone())))
        };
        actions = actions.child(opens("Rename", "button ghost small", Open::Rename(host.clone()))).child(opens(
            "Delete",
            "button ghost small bad",
            Open::Delete(host.clone()),
        ));
    }
    table_row("host-row")
        .child(name_cell(name).child(under).child(host.shared_machine_id_at.map(shared_machine_id)))
        .child(cell("Operating system", system))
        .child(cell("Updates", pending))
        .child(cell("Security updates", security))
        .child(cell("Restart", restart))
        .child(cell("Last seen", instant(host.last_seen_at)))
        .child(actions)
}

/// Two machines take turns as this host.
fn shared_machine_id(noticed_at: Timestamp) -> El {
    let guide = el("a", "").attr("href", "/docs/cli#machines-that-share-a-machine-id").attr("target", "_self");
    el("span", "sub")
        .child(badge("shared machine id", "warn"))
        .child(" Two machines report as this host, noticed ")
        .child(instant(noticed_at))
        .child(". ")
        .child(guide.child("Give one an id of its own"))
        .child(".")
}

fn unknown() -> El {
    el("span", "muted").attr("title", "The machine can't tell").child("Unknown")
}

/// Nothing reports yet: the two lines that make this very machine do it.
fn first_steps() -> El {
    let origin = window().location().origin().unwrap_or_default();
    let report = ["uptrakit --server ", &origin, " hosts report"].concat();
    let line = |text: &str| el("code", "").child(text);
    el("div", "empty start")
        .child(el("h2", "").child("No host reports yet"))
        .child(
            el("p", "")
                .child("Create a token under ")
                .child(el("a", "").attr("href", "/profile#tokens").child("Profile"))
                .child(", then run these two lines on a machine, this one for instance. The machine appears here by itself."),
        )
        .child(el("pre", "").attr("tabindex", "0").child(line("export UPTRAKIT_TOKEN=upk_…")).child(line(&report)))
}
