//! SQL for applications: programs that people can connect to their accounts.

use sqlx::FromRow;
use uptrakit_api::{ApplicationId, Timestamp};

use crate::{Conn, PageBounds, Result, Transaction, on, with_timeout};

#[derive(Clone, Debug, FromRow)]
pub struct ApplicationRow {
    pub id: ApplicationId,
    pub client_id: String,
    /// Kind of the application: `built-in`, `dynamic` or `document`.
    pub kind: String,
    pub name: String,
    pub client_uri: Option<String>,
    /// Redirect URIs with a space between them.
    pub redirect_uris: String,
    pub verified: bool,
    pub created_at: Timestamp,
    /// Time of the latest change of what the application says of itself. Consent from before does not count any more.
    pub changed_at: Timestamp,
    /// Time until which a document need not be fetched again; null for other applications.
    pub fresh_until: Option<Timestamp>,
    /// Time of the latest grant or use; null when no account has connected the application.
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, Debug, FromRow)]
pub struct CountedRow {
    #[sqlx(flatten)]
    pub application: ApplicationRow,
    pub grants: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.client_id, p.kind, p.name, p.client_uri, p.redirect_uris, p.verified, p.created_at, \
             p.changed_at, p.fresh_until, p.last_used_at FROM oauth_applications p ",
            $rest
        )
    };
}

macro_rules! counted {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.client_id, p.kind, p.name, p.client_uri, p.redirect_uris, p.verified, p.created_at, \
             p.changed_at, p.fresh_until, p.last_used_at, (SELECT COUNT(*) FROM oauth_grants g \
             WHERE g.application_id = p.id AND g.revoked_at IS NULL AND g.expires_at > $1) AS grants \
             FROM oauth_applications p ",
            $rest
        )
    };
}

pub async fn find_by_client_id(conn: Conn<'_>, client_id: &str) -> Result<Option<ApplicationRow>> {
    const SQL: &str = select!("WHERE p.client_id = $1");
    on!(conn, |c| sqlx::query_as(SQL).bind(client_id).fetch_optional(c).await)
}

pub async fn find(conn: Conn<'_>, id: ApplicationId) -> Result<Option<ApplicationRow>> {
    const SQL: &str = select!("WHERE p.id = $1");
    on!(conn, |c| sqlx::query_as(SQL).bind(id).fetch_optional(c).await)
}

pub async fn find_counted(conn: Conn<'_>, id: ApplicationId, now: Timestamp) -> Result<Option<CountedRow>> {
    const SQL: &str = counted!("WHERE p.id = $2");
    on!(conn, |c| sqlx::query_as(SQL).bind(now).bind(id).fetch_optional(c).await)
}

pub async fn count(conn: Conn<'_>) -> Result<i64> {
    on!(conn, |c| sqlx::query_scalar("SELECT COUNT(*) FROM oauth_applications").fetch_one(c).await)
}

pub async fn list(conn: Conn<'_>, now: Timestamp, slice: PageBounds) -> Result<Vec<CountedRow>> {
    const SQL: &str = counted!("ORDER BY p.created_at DESC, p.id DESC LIMIT $2 OFFSET $3");
    let PageBounds { limit, offset } = slice;
    on!(conn, |c| sqlx::query_as(SQL).bind(now).bind(limit).bind(offset).fetch_all(c).await)
}

pub async fn insert(tx: &mut Transaction, row: &ApplicationRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO oauth_applications (id, client_id, kind, name, client_uri, redirect_uris, verified, \
             created_at, changed_at, fresh_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(row.id)
        .bind(row.client_id.as_str())
        .bind(row.kind.as_str())
        .bind(row.name.as_str())
        .bind(row.client_uri.as_deref())
        .bind(row.redirect_uris.as_str())
        .bind(row.verified)
        .bind(row.created_at)
        .bind(row.changed_at)
        .bind(row.fresh_until)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn update(tx: &mut Transaction, row: &ApplicationRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE oauth_applications SET name = $2, client_uri = $3, redirect_uris = $4, changed_at = $5, \
             fresh_until = $6 WHERE id = $1",
        )
        .bind(row.id)
        .bind(row.name.as_str())
        .bind(row.client_uri.as_deref())
        .bind(row.redirect_uris.as_str())
        .bind(row.changed_at)
        .bind(row.fresh_until)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn update_verified(tx: &mut Transaction, id: ApplicationId, verified: bool) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE oauth_applications SET verified = $2 WHERE id = $1")
            .bind(id)
            .bind(verified)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

/// Records a use. An earlier time does not replace a later one.
pub async fn update_last_used(tx: &mut Transaction, id: ApplicationId, now: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE oauth_applications SET last_used_at = $2 \
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
        )
        .bind(id)
        .bind(now)
        .execute(c)
        .await
        .map(drop)
    })
}

/// Locks an application against new grants until the transaction ends. SQLite orders all writers by itself.
pub async fn lock(tx: &mut Transaction, id: ApplicationId) -> Result<()> {
    const LOCK: &str = "SELECT id FROM oauth_applications WHERE id = $1 FOR UPDATE";
    match tx.conn() {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(c) => Ok(with_timeout(sqlx::query(LOCK).bind(id).fetch_optional(c)).await.map(drop)?),
    }
}

pub async fn delete(tx: &mut Transaction, id: ApplicationId) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM oauth_applications WHERE id = $1")
            .bind(id)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

/// Deletes applications that no account has ever connected, except for the newest ones.
pub async fn delete_unused_beyond(tx: &mut Transaction, keep: i64) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "DELETE FROM oauth_applications WHERE last_used_at IS NULL AND kind <> 'built-in' AND id NOT IN \
             (SELECT id FROM oauth_applications WHERE last_used_at IS NULL AND kind <> 'built-in' \
             ORDER BY created_at DESC, id DESC LIMIT $1)",
        )
        .bind(keep)
        .execute(c)
        .await
        .map(|done| done.rows_affected())
    })
}

pub async fn delete_unused_before(tx: &mut Transaction, at: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "DELETE FROM oauth_applications WHERE last_used_at IS NULL AND kind <> 'built-in' AND created_at < $1",
        )
        .bind(at)
        .execute(c)
        .await
        .map(|done| done.rows_affected())
    })
}
