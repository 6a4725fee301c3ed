//! SQL for the keys by which names are compared and found. Only rows whose names are not plain ASCII, or have several
//! spaces in a row, are read, because only these can have keys of another version. A key is replaced only where the row
//! is still as it was read, so that a change by another server is not undone.

use sqlx::FromRow;

use crate::Result;
use uptrakit_api::{AccountId, HostId, TokenId};

use super::{Conn, Store, on};

pub const CHUNK: u16 = 500;

#[derive(Clone, Debug, FromRow)]
pub struct AccountKeys {
    pub id: AccountId,
    pub username: String,
    pub username_key: String,
    pub email: String,
    pub email_key: String,
}

#[derive(Clone, Debug, FromRow)]
pub struct TokenKeys {
    pub id: TokenId,
    pub name: String,
    pub name_key: String,
}

#[derive(Clone, Debug, FromRow)]
pub struct HostKeys {
    pub id: HostId,
    pub hostname: String,
    pub friendly_name: Option<String>,
    pub os_name: String,
    pub os_version: String,
    pub hostname_key: String,
    pub search_key: String,
}

macro_rules! list_after {
    ($conn:expr, $after:expr, $sql:literal) => {
        on!($conn, |c| sqlx::query_as($sql).bind($after).bind(i64::from(CHUNK)).fetch_all(c).await)
    };
}

pub async fn list_accounts(conn: Conn<'_>, after: AccountId) -> Result<Vec<AccountKeys>> {
    list_after!(
        conn,
        after,
        "SELECT id, username, username_key, email, email_key FROM accounts WHERE id > $1 \
         AND octet_length(username || email) > length(username || email) ORDER BY id LIMIT $2"
    )
}

pub async fn list_tokens(conn: Conn<'_>, after: TokenId) -> Result<Vec<TokenKeys>> {
    list_after!(
        conn,
        after,
        "SELECT id, name, name_key FROM api_tokens WHERE id > $1 \
         AND (octet_length(name) > length(name) OR name LIKE '%  %') ORDER BY id LIMIT $2"
    )
}

pub async fn list_hosts(conn: Conn<'_>, after: HostId) -> Result<Vec<HostKeys>> {
    list_after!(
        conn,
        after,
        "SELECT id, hostname, friendly_name, os_name, os_version, hostname_key, search_key FROM hosts WHERE id > $1 \
         AND (octet_length(search_key) > length(search_key) OR search_key LIKE '%  %') ORDER BY id LIMIT $2"
    )
}

impl Store {
    /// Replaces an account's keys. Returns false when the account has changed, or when another account has one of the
    /// keys.
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
            // Another transaction has just added an account with one of the keys.
            Err(error) if error.is_unique_violation() => Ok(false),
            updated => {
                tx.commit().await?;
                updated
            }
        }
    }

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
