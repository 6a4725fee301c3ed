//! A database that was put back from a backup: what must end, be put on hold or be revoked again before a server uses
//! it, and whether one uses it already. The statements have no limit of time, because they change all rows of a table.

use std::collections::HashSet;

use uptrakit_api::{AccountId, ApplicationId, EventId, Timestamp, TokenId};

use super::{
    Conn, Result, Store, Transaction,
    database_url::{is_postgres, place},
    on,
    open_file::lock_whole,
    open_sqlite::file_of,
    opening::OpenError,
    pool::Pool,
};

macro_rules! change {
    ($tx:expr, $sql:expr $(, $value:expr)*) => {
        match $tx.conn() {
            Conn::Sqlite(c) => sqlx::query($sql)$(.bind($value))*.execute(c).await.map(|done| done.rows_affected()),
            Conn::Postgres(c) => sqlx::query($sql)$(.bind($value))*.execute(c).await.map(|done| done.rows_affected()),
        }
        .map_err(crate::Error::from)
    };
}

impl Store {
    /// Fails where another process uses a SQLite file: every connection to one holds a lock on it.
    pub fn require_unused_file(url: &str) -> Result<(), OpenError> {
        if is_postgres(url) {
            return Ok(());
        }
        let file = file_of(url)?;
        match lock_whole(&file) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(OpenError::InUse(place(url))),
            Err(error) => Err(OpenError::Unreachable { place: place(url), cause: super::plain_io(&error) }),
        }
    }

    /// Fails where other sessions use a Postgres database. The store must have one connection at most.
    pub async fn require_unused_database(&self) -> Result<(), OpenError> {
        let Pool::Postgres(pool) = &self.0 else { return Ok(()) };
        debug_assert_eq!(pool.options().get_max_connections(), 1);
        let mut reader = self.read().await?;
        let Conn::Postgres(c) = reader.conn() else { return Ok(()) };
        // What runs in the background, such as autovacuum, has no user.
        let others: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT coalesce(nullif(application_name, ''), 'without a name') FROM pg_stat_activity \
             WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid() ORDER BY 1",
        )
        .fetch_all(c)
        .await?;
        if others.is_empty() { Ok(()) } else { Err(OpenError::InUse(format!("Postgres ({})", others.join(", ")))) }
    }
}

/// Begins the transaction, in which statements may take longer than those of requests.
pub async fn begin(store: &Store) -> Result<Transaction> {
    let mut tx = store.begin().await?;
    if let Conn::Postgres(c) = tx.conn() {
        sqlx::query("SET LOCAL statement_timeout = 0").execute(c).await?;
    }
    Ok(tx)
}

pub async fn list_events_from(tx: &mut Transaction, (at, id): (Timestamp, EventId)) -> Result<HashSet<EventId>> {
    const SQL: &str = "SELECT id FROM audit_events WHERE (at, id) >= ($1, $2)";
    let ids: Vec<EventId> = match tx.conn() {
        Conn::Sqlite(c) => sqlx::query_scalar(SQL).bind(at).bind(id).fetch_all(c).await?,
        Conn::Postgres(c) => sqlx::query_scalar(SQL).bind(at).bind(id).fetch_all(c).await?,
    };
    Ok(ids.into_iter().collect())
}

pub async fn end_sessions(tx: &mut Transaction) -> Result<u64> {
    change!(tx, "DELETE FROM sessions")
}

/// Ends one-time links: one that was used since the backup would work again.
pub async fn end_invitations(tx: &mut Transaction) -> Result<u64> {
    change!(tx, "DELETE FROM invitations")
}

/// Ends every connection of an application, and every request of one that is under way. A refresh token that was used
/// since the backup would work again, and no event tells of refreshes.
pub async fn end_grants(tx: &mut Transaction, now: Timestamp) -> Result<u64> {
    change!(tx, "DELETE FROM oauth_requests")?;
    change!(tx, "DELETE FROM oauth_devices")?;
    change!(tx, "DELETE FROM oauth_codes WHERE used_at IS NULL")?;
    change!(tx, "UPDATE oauth_grants SET revoked_at = $1 WHERE revoked_at IS NULL", now)
}

/// Puts every token on hold that is not revoked. Those that have expired are included, because they may not have by
/// another clock.
pub async fn hold_all(tx: &mut Transaction, now: Timestamp) -> Result<()> {
    change!(tx, "UPDATE api_tokens SET held_at = $1 WHERE revoked_at IS NULL AND held_at IS NULL", now).map(drop)
}

/// Returns the number of tokens that are on hold, and that would work otherwise.
pub async fn count_held(conn: Conn<'_>, now: Timestamp) -> Result<i64> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM api_tokens WHERE held_at IS NOT NULL AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $1)",
        )
        .bind(now)
        .fetch_one(c)
        .await
    })
}

/// Puts a token on hold, unless there is none, or it is revoked or on hold already.
pub async fn hold(tx: &mut Transaction, id: TokenId, now: Timestamp) -> Result<()> {
    let held = "UPDATE api_tokens SET held_at = $2 WHERE id = $1 AND revoked_at IS NULL AND held_at IS NULL";
    change!(tx, held, id, now).map(drop)
}

pub async fn release(tx: &mut Transaction, id: TokenId) -> Result<()> {
    change!(tx, "UPDATE api_tokens SET held_at = NULL WHERE id = $1", id).map(drop)
}

/// Revokes a token, whose account is not known here. Returns false where there is none, or where it is revoked already.
pub async fn revoke(tx: &mut Transaction, id: TokenId, by: Option<AccountId>, at: Timestamp) -> Result<bool> {
    let revoked = "UPDATE api_tokens SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL";
    Ok(change!(tx, revoked, id, at, by)? > 0)
}

/// Takes the password of an account away, which then signs in by an invitation or a password set at the terminal.
pub async fn clear_password(tx: &mut Transaction, id: AccountId) -> Result<bool> {
    let cleared = "UPDATE accounts SET password_hash = NULL WHERE id = $1 AND password_hash IS NOT NULL";
    Ok(change!(tx, cleared, id)? > 0)
}

/// Takes the administrators' verification from applications: from one, or from all.
pub async fn clear_verified(tx: &mut Transaction, id: Option<ApplicationId>) -> Result<u64> {
    match id {
        Some(id) => change!(tx, "UPDATE oauth_applications SET verified = FALSE WHERE verified AND id = $1", id),
        None => change!(tx, "UPDATE oauth_applications SET verified = FALSE WHERE verified AND kind <> 'built-in'"),
    }
}

/// Deletes the log of the epoch's increments. The next increment, in the same transaction, then follows none that a
/// server may know, so that it forgets all it has read.
pub async fn forget_history(tx: &mut Transaction) -> Result<()> {
    change!(tx, "DELETE FROM auth_epoch_moves").map(drop)
}
