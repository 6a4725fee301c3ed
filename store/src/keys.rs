//! The keys by which names are compared and found, of those rows whose names are not plain ASCII: only these can have
//! keys of another version. A key is replaced only where the row is still what was read, so that a change by another
//! server is not undone.

use sqlx::FromRow;

use crate::Result;
use uuid::Uuid;

use super::{Conn, Store, on};

/// How many rows are read at once.
pub const CHUNK: u16 = 500;

/// An account's names and keys.
#[derive(Clone, Debug, FromRow)]
pub struct AccountKeys {
    /// Its id.
    pub id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// Its key.
    pub username_key: String,
    /// The address to sign in with.
    pub email: String,
    /// Its key.
    pub email_key: String,
}

/// A token's name and key.
#[derive(Clone, Debug, FromRow)]
pub struct TokenKeys {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Its key.
    pub name_key: String,
}

/// What a host is found by.
#[derive(Clone, Debug, FromRow)]
pub struct HostKeys {
    /// Its id.
    pub id: Uuid,
    /// Its name in its network.
    pub hostname: String,
    /// What people call it.
    pub friendly_name: Option<String>,
    /// The operating system.
    pub os_name: String,
    /// Its version.
    pub os_version: String,
    /// The key of the hostname.
    pub hostname_key: String,
    /// What a search looks through.
    pub search_key: String,
}

macro_rules! list_after {
    ($conn:expr, $after:expr, $sql:literal) => {
        on!($conn, |c| sqlx::query_as($sql).bind($after).bind(i64::from(CHUNK)).fetch_all(c).await)
    };
}

/// The accounts after an id, in the order of their ids.
pub async fn list_accounts(conn: Conn<'_>, after: Uuid) -> Result<Vec<AccountKeys>> {
    list_after!(
        conn,
        after,
        "SELECT id, username, username_key, email, email_key FROM accounts WHERE id > $1 \
         AND octet_length(username || email) > length(username || email) ORDER BY id LIMIT $2"
    )
}

/// The tokens after an id, in the order of their ids.
pub async fn list_tokens(conn: Conn<'_>, after: Uuid) -> Result<Vec<TokenKeys>> {
    list_after!(
        conn,
        after,
        "SELECT id, name, name_key FROM api_tokens WHERE id > $1 AND octet_length(name) > length(name) \
         ORDER BY id LIMIT $2"
    )
}

/// The hosts after an id, in the order of their ids.
pub async fn list_hosts(conn: Conn<'_>, after: Uuid) -> Result<Vec<HostKeys>> {
    list_after!(
        conn,
        after,
        "SELECT id, hostname, friendly_name, os_name, os_version, hostname_key, search_key FROM hosts WHERE id > $1 \
         AND octet_length(search_key) > length(search_key) ORDER BY id LIMIT $2"
    )
}

impl Store {
    /// Replaces an account's keys; tells whether it did, which it does not where another account has one of them.
    pub async fn update_account_keys(&self, row: &AccountKeys, username_key: &str, email_key: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        let updated = on!(tx.conn(), |c| {
            sqlx::query(
                "UPDATE accounts SET username_key = $2, email_key = $3 WHERE id = $1 AND username = $4 AND email = $5 \
                 AND NOT EXISTS (SELECT 1 FROM accounts WHERE id <> $1 AND (username_key = $2 OR email_key = $3))",
            )
            .bind(row.id)
            .bind(username_key)
            .bind(email_key)
            .bind(row.username.as_str())
            .bind(row.email.as_str())
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
        });
        match updated {
            // Somebody has just added such an account.
            Err(error) if error.is_unique_violation() => Ok(false),
            updated => {
                tx.commit().await?;
                updated
            }
        }
    }

    /// Replaces a token's key.
    pub async fn update_token_key(&self, row: &TokenKeys, name_key: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        on!(tx.conn(), |c| {
            sqlx::query("UPDATE api_tokens SET name_key = $2 WHERE id = $1 AND name = $3")
                .bind(row.id)
                .bind(name_key)
                .bind(row.name.as_str())
                .execute(c)
                .await
                .map(drop)
        })?;
        tx.commit().await
    }

    /// Replaces a host's keys.
    pub async fn update_host_keys(&self, row: &HostKeys, hostname_key: &str, search_key: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        on!(tx.conn(), |c| {
            sqlx::query("UPDATE hosts SET hostname_key = $2, search_key = $3 WHERE id = $1 AND search_key = $4")
                .bind(row.id)
                .bind(hostname_key)
                .bind(search_key)
                .bind(row.search_key.as_str())
                .execute(c)
                .await
                .map(drop)
        })?;
        tx.commit().await
    }
}
