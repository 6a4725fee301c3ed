//! SQL for hosts. Every change takes the next revision, so that followers in any process can ask for the changes after
//! one.

use sqlx::FromRow;

use crate::Result;
use uptrakit_api::{HostId, Timestamp};

use super::{Conn, PageBounds, Transaction, containing, error::require_row, notify, on};

#[derive(Clone, Debug, FromRow)]
pub struct HostRow {
    pub id: HostId,
    pub machine_id: String,
    pub hostname: String,
    pub friendly_name: Option<String>,
    pub os_name: String,
    pub os_version: String,
    pub kernel: String,
    pub architecture: String,
    pub pending_updates: Option<i64>,
    pub security_updates: Option<i64>,
    pub reboot_required: Option<bool>,
    pub shared_machine_id_at: Option<Timestamp>,
    /// The machines that reported lately under the machine id, in the format of the domain.
    pub reporters: Option<String>,
    pub last_seen_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub revision: i64,
}

/// Sort order of a list. Hosts with an unknown number of updates come last in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostSort {
    Hostname,
    LastSeenAt,
    PendingUpdates,
    SecurityUpdates,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, machine_id, hostname, friendly_name, os_name, os_version, kernel, architecture, pending_updates, \
             security_updates, reboot_required, shared_machine_id_at, reporters, last_seen_at, created_at, updated_at, \
             revision FROM hosts ",
            $rest
        )
    };
}

macro_rules! list {
    ($order:literal) => {
        concat!(select!("WHERE search_key LIKE $1 ESCAPE '\\' ORDER BY "), $order, " LIMIT $2 OFFSET $3")
    };
}

pub async fn find(conn: Conn<'_>, id: HostId) -> Result<Option<HostRow>> {
    const SQL: &str = select!("WHERE id = $1");
    on!(conn, |c| sqlx::query_as(SQL).bind(id).fetch_optional(c).await)
}

pub async fn find_by_machine(conn: Conn<'_>, machine_id: &str) -> Result<Option<HostRow>> {
    const SQL: &str = select!("WHERE machine_id = $1");
    on!(conn, |c| sqlx::query_as(SQL).bind(machine_id).fetch_optional(c).await)
}

pub async fn list_by_hostname(conn: Conn<'_>, hostname_key: &str, limit: i64) -> Result<Vec<HostRow>> {
    const SQL: &str = select!("WHERE hostname_key = $1 ORDER BY id LIMIT $2");
    on!(conn, |c| sqlx::query_as(SQL).bind(hostname_key).bind(limit).fetch_all(c).await)
}

pub async fn count(conn: Conn<'_>, part: &str) -> Result<i64> {
    if part.is_empty() {
        return on!(conn, |c| sqlx::query_scalar("SELECT COUNT(*) FROM hosts").fetch_one(c).await);
    }
    on!(conn, |c| {
        sqlx::query_scalar("SELECT COUNT(*) FROM hosts WHERE search_key LIKE $1 ESCAPE '\\'")
            .bind(containing(part))
            .fetch_one(c)
            .await
    })
}

/// Returns a page of the hosts whose search key contains `part`. The flag in `sort` is true for descending order.
pub async fn list(conn: Conn<'_>, part: &str, sort: (HostSort, bool), slice: PageBounds) -> Result<Vec<HostRow>> {
    let sql = match sort {
        (HostSort::Hostname, false) => list!("hostname_key, id"),
        (HostSort::Hostname, true) => list!("hostname_key DESC, id DESC"),
        (HostSort::LastSeenAt, false) => list!("last_seen_at, id"),
        (HostSort::LastSeenAt, true) => list!("last_seen_at DESC, id DESC"),
        (HostSort::PendingUpdates, false) => list!("pending_updates IS NULL, pending_updates, id"),
        (HostSort::PendingUpdates, true) => list!("pending_updates IS NULL, pending_updates DESC, id DESC"),
        (HostSort::SecurityUpdates, false) => list!("security_updates IS NULL, security_updates, id"),
        (HostSort::SecurityUpdates, true) => list!("security_updates IS NULL, security_updates DESC, id DESC"),
    };
    on!(conn, |c| {
        sqlx::query_as(sql).bind(containing(part)).bind(slice.limit).bind(slice.offset).fetch_all(c).await
    })
}

pub async fn list_after(conn: Conn<'_>, revision: i64, limit: i64) -> Result<Vec<HostRow>> {
    const SQL: &str = select!("WHERE revision > $1 ORDER BY revision LIMIT $2");
    on!(conn, |c| sqlx::query_as(SQL).bind(revision).bind(limit).fetch_all(c).await)
}

pub async fn list_removals_after(conn: Conn<'_>, revision: i64) -> Result<Vec<(HostId, i64)>> {
    on!(conn, |c| {
        sqlx::query_as("SELECT host_id, revision FROM host_removals WHERE revision > $1 ORDER BY revision")
            .bind(revision)
            .fetch_all(c)
            .await
    })
}

pub async fn get_revision(conn: Conn<'_>) -> Result<i64> {
    on!(conn, |c| sqlx::query_scalar("SELECT revision FROM host_revision").fetch_one(c).await)
}

/// Takes the next revision. Other changes of hosts wait until the transaction ends.
pub async fn next_revision(tx: &mut Transaction) -> Result<i64> {
    notify(tx.conn()).await?;
    on!(tx.conn(), |c| {
        sqlx::query_scalar("UPDATE host_revision SET revision = revision + 1 RETURNING revision").fetch_one(c).await
    })
}

/// Adds a host, or updates the host with the same `machine_id`, which keeps its id, friendly name and creation time.
pub async fn upsert(tx: &mut Transaction, row: &HostRow, hostname_key: &str, search_key: &str) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO hosts (id, machine_id, hostname, hostname_key, search_key, os_name, os_version, kernel, architecture, \
             pending_updates, security_updates, reboot_required, last_seen_at, created_at, updated_at, revision, \
             shared_machine_id_at, reporters) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
             ON CONFLICT (machine_id) DO UPDATE SET hostname = excluded.hostname, hostname_key = excluded.hostname_key, \
             search_key = excluded.search_key, os_name = excluded.os_name, os_version = excluded.os_version, \
             kernel = excluded.kernel, architecture = excluded.architecture, pending_updates = excluded.pending_updates, \
             security_updates = excluded.security_updates, reboot_required = excluded.reboot_required, \
             last_seen_at = excluded.last_seen_at, updated_at = excluded.updated_at, revision = excluded.revision, \
             shared_machine_id_at = excluded.shared_machine_id_at, reporters = excluded.reporters",
        )
        .bind(row.id)
        .bind(row.machine_id.as_str())
        .bind(row.hostname.as_str())
        .bind(hostname_key)
        .bind(search_key)
        .bind(row.os_name.as_str())
        .bind(row.os_version.as_str())
        .bind(row.kernel.as_str())
        .bind(row.architecture.as_str())
        .bind(row.pending_updates)
        .bind(row.security_updates)
        .bind(row.reboot_required)
        .bind(row.last_seen_at)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(row.revision)
        .bind(row.shared_machine_id_at)
        .bind(row.reporters.as_deref())
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn update_friendly_name(tx: &mut Transaction, row: &HostRow, search_key: &str) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE hosts SET friendly_name = $2, search_key = $3, updated_at = $4, revision = $5 WHERE id = $1",
        )
        .bind(row.id)
        .bind(row.friendly_name.as_deref())
        .bind(search_key)
        .bind(row.updated_at)
        .bind(row.revision)
        .execute(c)
        .await
        .and_then(|done| require_row(done.rows_affected()))
    })
}

/// Deletes a host and records the removal for followers. Returns false when the host did not exist.
pub async fn delete(tx: &mut Transaction, id: HostId, revision: i64, now: Timestamp) -> Result<bool> {
    let deleted = on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM hosts WHERE id = $1").bind(id).execute(c).await.map(|done| done.rows_affected() > 0)
    })?;
    if deleted {
        on!(tx.conn(), |c| {
            sqlx::query("INSERT INTO host_removals (host_id, revision, at) VALUES ($1, $2, $3)")
                .bind(id)
                .bind(revision)
                .bind(now)
                .execute(c)
                .await
                .map(drop)
        })?;
    }
    Ok(deleted)
}

/// Sets times of removals that are later than the horizon to the present, because a wrong clock wrote them.
pub async fn mend_future_removals(tx: &mut Transaction, now: Timestamp, horizon: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE host_removals SET at = $1 WHERE at > $2").bind(now).bind(horizon).execute(c).await.map(drop)
    })
}

/// Deletes removals from before an instant. No follower is that far behind.
pub async fn delete_removals_before(tx: &mut Transaction, at: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| sqlx::query("DELETE FROM host_removals WHERE at < $1").bind(at).execute(c).await.map(drop))
}
