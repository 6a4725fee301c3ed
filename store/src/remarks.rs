//! The remarks of `doctor` about a database that can be used, but may lose changes that it has acknowledged.

use sqlx::{PgConnection, Row as _};

use super::{Conn, Store, network_disk, pool::Pool, with_timeout};

impl Store {
    /// Returns one sentence for each setting of the database by which acknowledged changes can be lost, and one when a
    /// server may lack connections.
    pub async fn remarks(&self) -> crate::Result<Vec<String>> {
        if let Pool::Sqlite { file, .. } = &self.0 {
            let kind = network_disk::kind_of(file.path());
            let remark = |kind| {
                format!(
                    "the file is on a network file system ({kind}), whose locks and memory SQLite can't rely on: two \
                     machines, or a network that fails, damage it; move it to a disk of this machine, or use Postgres"
                )
            };
            return Ok(kind.map(remark).into_iter().collect());
        }
        match self.read().await?.conn() {
            Conn::Sqlite(_) => Ok(Vec::new()),
            Conn::Postgres(conn) => {
                let mut remarks = of_postgres(conn).await?;
                if let Pool::Postgres(pool) = &self.0 {
                    remarks.extend(too_few_connections(conn, pool.options().get_max_connections() + 1).await?);
                }
                Ok(remarks)
            }
        }
    }
}

impl Store {
    pub async fn connections_remark(&self) -> crate::Result<Option<String>> {
        let Pool::Postgres(pool) = &self.0 else { return Ok(None) };
        match self.read().await?.conn() {
            Conn::Sqlite(_) => Ok(None),
            Conn::Postgres(conn) => too_few_connections(conn, pool.options().get_max_connections() + 1).await,
        }
    }
}

async fn too_few_connections(conn: &mut PgConnection, wanted: u32) -> crate::Result<Option<String>> {
    let allowed: Option<i32> = with_timeout(
        sqlx::query_scalar(
            "SELECT min(allowed) FROM (SELECT rolconnlimit AS allowed FROM pg_roles WHERE rolname = current_user \
             AND NOT rolsuper UNION ALL SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS limits \
             WHERE allowed >= 0",
        )
        .fetch_one(conn),
    )
    .await?;
    Ok(allowed.filter(|allowed| i64::from(*allowed) < i64::from(wanted)).map(|allowed| {
        format!(
            "the role or the database may have {allowed} connections, and one server takes up to {wanted}; raise its \
             CONNECTION LIMIT, or lower database_connections"
        )
    }))
}

async fn of_postgres(conn: &mut PgConnection) -> crate::Result<Vec<String>> {
    let row = with_timeout(
        sqlx::query(
            "SELECT current_setting('fsync') = 'off' AS no_fsync, \
             current_setting('full_page_writes') = 'off' AS no_full_pages, \
             (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') AS commits, \
             string_agg(name, ', ' ORDER BY name) FILTER (WHERE sync_state IN ('async', 'potential')) AS standbys, \
             string_agg(name, ', ' ORDER BY name) FILTER (WHERE sync_state = 'quorum') AS quorum, \
             count(*) FILTER (WHERE pid IS NOT NULL AND sync_state IS NULL) AS unseen \
             FROM (SELECT pid, sync_state, coalesce(nullif(application_name, ''), client_addr::text, 'without a name') \
              AS name FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup' AND pid NOT IN \
              (SELECT active_pid FROM pg_replication_slots WHERE slot_type = 'logical' AND active_pid IS NOT NULL)) \
             AS standby",
        )
        .fetch_one(conn),
    )
    .await?;
    let mut remarks: Vec<String> = Vec::new();
    if row.try_get("no_fsync")? {
        remarks.push(
            "fsync is off: a power cut can lose or damage what was acknowledged, revokes among it; turn it on".into(),
        );
    }
    if row.try_get("no_full_pages")? {
        remarks.push("full_page_writes is off: a power cut can damage pages; turn it on".into());
    }
    let commits: Option<String> = row.try_get("commits")?;
    if let Some(commits) = commits.filter(|commits| matches!(commits.as_str(), "off" | "local" | "remote_write")) {
        remarks.push(format!(
            "synchronous_commit is {commits}, with which commits that were acknowledged can be lost; Uptrakit sets it \
             to on for its own connections"
        ));
    }
    if let Some(standbys) = row.try_get::<Option<String>, _>("standbys")? {
        remarks.push(format!(
            "asynchronous standbys ({standbys}): one that takes over may lack the last revokes, and bring their tokens \
             back; name them in synchronous_standby_names, or never promote them"
        ));
    }
    if let Some(standbys) = row.try_get::<Option<String>, _>("quorum")? {
        remarks.push(format!(
            "synchronous standbys by quorum ({standbys}): promote the one that has received most; another one may lack \
             the last revokes, and bring their tokens back"
        ));
    }
    if row.try_get::<i64, _>("unseen")? > 0 {
        remarks.push(
            "there are standbys, and this role may not see whether they are synchronous; GRANT pg_monitor to it to \
             find out"
                .into(),
        );
    }
    Ok(remarks)
}
