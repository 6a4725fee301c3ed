//! Hosts: what machines report about themselves, and the names that users give them.

use uptrakit_api::{AuditAction, FieldError, Host, HostId, HostQuery, HostReport, Page, UpdateHost};
use uptrakit_store::{
    PageBounds,
    hosts::{self, HostRow, HostSort},
};

use super::{
    Affects,
    audit::{self, Event},
    begin_authorized_write,
    paging::{Paging, parse_sort},
    public_host::public,
    reporters::{Description, REMEMBERED_MILLIS, Reporters},
};
use crate::{
    auth::authorized::{Authorized, HostsRead, HostsReport, HostsWrite},
    clock::{horizon, is_id, new_id},
    domain::state::Core,
    error::Error,
    text,
};

/// No machine has more updates than this: a larger number is a mistake of the reporting program.
const MOST_UPDATES: u32 = 1_000_000;
const DAY_MILLIS: i64 = 86_400_000;

pub async fn list(core: &Core, actor: &Authorized<HostsRead>, query: &HostQuery) -> Result<Page<Host>, Error> {
    list_part(core, actor, query, Paging::parse(query.page.as_deref(), query.per_page.as_deref())?).await
}

/// Lists a part of the hosts that a query finds, whatever page the query asks for.
pub async fn list_part(
    core: &Core,
    _: &Authorized<HostsRead>,
    query: &HostQuery,
    paging: Paging,
) -> Result<Page<Host>, Error> {
    let sorts = [
        ("hostname", HostSort::Hostname),
        ("last_seen_at", HostSort::LastSeenAt),
        ("pending_updates", HostSort::PendingUpdates),
        ("security_updates", HostSort::SecurityUpdates),
    ];
    let sort = parse_sort(query.sort.as_deref(), (HostSort::Hostname, false), &sorts)?;
    let part = text::key(query.q.as_deref().unwrap_or_default());
    let mut reader = core.store.read().await?;
    let total = hosts::count(reader.conn(), &part).await?;
    let rows = hosts::list(reader.conn(), &part, sort, paging.slice()).await?;
    Ok(paging.page(rows.into_iter().map(public).collect(), total))
}

pub async fn get(core: &Core, _: &Authorized<HostsRead>, id: HostId) -> Result<Host, Error> {
    let mut reader = core.store.read().await?;
    Ok(public(hosts::find(reader.conn(), id).await?.ok_or(Error::NotFound)?))
}

/// A name that several hosts have is answered with this many of them at most.
const MOST_CANDIDATES: i64 = 20;

/// Returns the hosts that a text names: by id, friendly name, host name or machine id. The first of these that any host
/// has decides, so that there are several hosts only where several have the same name.
///
/// The id comes first because this server makes it: a machine could call itself by the id of another one.
pub async fn list_named(core: &Core, _: &Authorized<HostsRead>, name: &str) -> Result<Vec<Host>, Error> {
    let ways = find_each_way(core, name).await?;
    Ok(ways.into_iter().find(|found| !found.is_empty()).unwrap_or_default().into_iter().map(public).collect())
}

/// Returns the hosts that a text names by their id, or else in any way. A change must not meet a machine that calls
/// itself by what another one is known by.
pub async fn list_named_to_change(core: &Core, _: &Authorized<HostsWrite>, name: &str) -> Result<Vec<Host>, Error> {
    let [by_id, others @ ..] = find_each_way(core, name).await?;
    let mut rows = by_id;
    if rows.is_empty() {
        rows.extend(others.into_iter().flatten());
        rows.sort_unstable_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
    }
    Ok(rows.into_iter().map(public).collect())
}

/// Returns the hosts that have the text as id, as friendly name, as host name, and as machine id.
async fn find_each_way(core: &Core, name: &str) -> Result<[Vec<HostRow>; 4], Error> {
    let (name, key) = (name.trim(), text::key(name.trim()));
    if key.is_empty() {
        return Ok([const { Vec::new() }; 4]);
    }
    let all = PageBounds { offset: 0, limit: MOST_CANDIDATES };
    let mut reader = core.store.read().await?;
    let by_id = match key.parse() {
        Ok(id) => hosts::find(reader.conn(), id).await?,
        Err(_) => None,
    };
    if is_id(&key) {
        return Ok([by_id.into_iter().collect(), Vec::new(), Vec::new(), Vec::new()]);
    }
    // Line breaks separate the parts of a search key, so that these match the friendly name in full.
    let friendly = format!("\n{key}\n");
    let by_friendly_name = hosts::list(reader.conn(), &friendly, (HostSort::Hostname, false), all).await?;
    let by_hostname = hosts::list_by_hostname(reader.conn(), &key, MOST_CANDIDATES).await?;
    let by_machine = hosts::find_by_machine(reader.conn(), &text::literal(name)).await?;
    Ok([by_id.into_iter().collect(), by_friendly_name, by_hostname, by_machine.into_iter().collect()])
}

/// Stores a machine's report. The flag is true when it is the first report of this machine.
pub async fn report(core: &Core, actor: &Authorized<HostsReport>, report: &HostReport) -> Result<(Host, bool), Error> {
    let report = checked(report)?;
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let revision = hosts::next_revision(&mut tx).await?;
    let known = hosts::find_by_machine(tx.conn(), &report.machine_id).await?;
    let now = core.clock.now();
    let reporters = known.as_ref().and_then(|host| host.reporters.as_deref()).unwrap_or_default();
    let mut reporters = Reporters::parse(reporters, now);
    let description = Description {
        hostname: &report.hostname,
        os_name: &report.os_name,
        os_version: &report.os_version,
        kernel: &report.kernel,
        architecture: &report.architecture,
    };
    let is_shared = reporters.note(description, now);
    let noticed_at = known.as_ref().and_then(|host| host.shared_machine_id_at);
    let noticed_at = noticed_at.filter(|at| *at <= horizon(now) && now.millis_since(*at) <= REMEMBERED_MILLIS);
    // The event is recorded at most once a day, because the machines may take turns every minute.
    let is_news = is_shared && noticed_at.is_none_or(|at| now.millis_since(at) >= DAY_MILLIS);
    let row = HostRow {
        id: known.as_ref().map_or_else(|| new_id(now), |host| host.id),
        friendly_name: known.as_ref().and_then(|host| host.friendly_name.clone()),
        created_at: known.as_ref().map_or(now, |host| host.created_at),
        machine_id: report.machine_id,
        hostname: report.hostname,
        os_name: report.os_name,
        os_version: report.os_version,
        kernel: report.kernel,
        architecture: report.architecture,
        pending_updates: report.pending_updates.map(Into::into),
        security_updates: report.security_updates.map(Into::into),
        reboot_required: report.reboot_required,
        shared_machine_id_at: if is_news { Some(now) } else { noticed_at },
        reporters: Some(reporters.to_text()),
        last_seen_at: now,
        updated_at: now,
        revision,
    };
    hosts::upsert(&mut tx, &row, &text::key(&row.hostname), &search_key(&row)).await?;
    if known.is_none() {
        audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::HostCreate, row.id)).await?;
    }
    if is_news {
        audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::HostSharedMachineId, row.id))
            .await?;
    }
    tx.commit().await?;
    core.feed.kick();
    Ok((public(row), known.is_none()))
}

pub async fn update(
    core: &Core,
    actor: &Authorized<HostsWrite>,
    id: HostId,
    request: UpdateHost,
) -> Result<Host, Error> {
    let name = match request.friendly_name {
        Some(Some(name)) => {
            Some(Some(text::parse_line(&name, 64).map_err(|message| Error::field("friendly_name", message))?))
        }
        other => other,
    };
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let revision = hosts::next_revision(&mut tx).await?;
    let mut row = hosts::find(tx.conn(), id).await?.ok_or(Error::NotFound)?;
    let Some(name) = name else { return Ok(public(row)) };
    row.friendly_name = name;
    row.updated_at = core.clock.now();
    row.revision = revision;
    hosts::update_friendly_name(&mut tx, &row, &search_key(&row)).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::HostUpdate, id)).await?;
    tx.commit().await?;
    core.feed.kick();
    Ok(public(row))
}

/// Deletes a host; its next report creates it anew.
pub async fn delete(core: &Core, actor: &Authorized<HostsWrite>, id: HostId) -> Result<(), Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let revision = hosts::next_revision(&mut tx).await?;
    if !hosts::delete(&mut tx, id, revision, core.clock.now()).await? {
        return Err(Error::NotFound);
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::HostDelete, id)).await?;
    tx.commit().await?;
    core.feed.kick();
    Ok(())
}

fn checked(report: &HostReport) -> Result<HostReport, Error> {
    let mut errors = Vec::new();
    let machine_id = text::parse_verbatim(&report.machine_id, 128).unwrap_or_else(|message| {
        errors.push(FieldError { field: "machine_id".into(), message });
        String::new()
    });
    let mut line = |field: &str, value: &str, longest: usize, may_be_empty: bool| {
        if may_be_empty && value.trim().is_empty() {
            return String::new();
        }
        text::parse_line(value, longest).unwrap_or_else(|message| {
            errors.push(FieldError { field: field.into(), message });
            String::new()
        })
    };
    let checked = HostReport {
        machine_id,
        hostname: line("hostname", &report.hostname, 253, false),
        os_name: line("os_name", &report.os_name, 128, true),
        os_version: line("os_version", &report.os_version, 128, true),
        kernel: line("kernel", &report.kernel, 128, true),
        architecture: line("architecture", &report.architecture, 64, true),
        pending_updates: report.pending_updates,
        security_updates: report.security_updates,
        reboot_required: report.reboot_required,
    };
    for (field, count) in [("pending_updates", report.pending_updates), ("security_updates", report.security_updates)] {
        if count.is_some_and(|count| count > MOST_UPDATES) {
            errors.push(FieldError { field: field.into(), message: format!("must be at most {MOST_UPDATES}") });
        }
    }
    if let (Some(pending), Some(security)) = (report.pending_updates, report.security_updates)
        && security > pending
    {
        let message = format!("must be at most pending_updates ({pending}), for they are among those");
        errors.push(FieldError { field: "security_updates".into(), message });
    }
    if errors.is_empty() { Ok(checked) } else { Err(Error::Invalid(errors)) }
}

fn search_key(row: &HostRow) -> String {
    search_key_of(&row.hostname, row.friendly_name.as_deref(), &row.os_name, &row.os_version)
}

pub(crate) fn search_key_of(hostname: &str, friendly_name: Option<&str>, os_name: &str, os_version: &str) -> String {
    let parts = [hostname, friendly_name.unwrap_or_default(), &format!("{os_name} {os_version}")];
    // No search contains a line break, so that none matches across two parts.
    parts.map(text::key).join("\n")
}
