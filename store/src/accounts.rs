//! SQL for the accounts of people.

use sqlx::FromRow;

use crate::Result;
use uptrakit_api::{AccountId, Timestamp};

use super::{Conn, PageBounds, Transaction, error::require_row, on};

#[derive(Clone, Debug, FromRow)]
pub struct AccountRow {
    pub id: AccountId,
    pub username: String,
    pub email: String,
    /// Argon2id hash in PHC form; null until the person accepts the invitation.
    pub password_hash: Option<String>,
    pub roles: String,
    pub active: bool,
    pub created_at: Timestamp,
}

/// Adds an account. A unique violation means that the username or the email address is taken.
pub async fn insert(tx: &mut Transaction, row: &AccountRow, username_key: &str, email_key: &str) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO accounts (id, username, username_key, email, email_key, password_hash, roles, active, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(row.id)
        .bind(row.username.as_str())
        .bind(username_key)
        .bind(row.email.as_str())
        .bind(email_key)
        .bind(row.password_hash.as_deref())
        .bind(row.roles.as_str())
        .bind(row.active)
        .bind(row.created_at)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn count(conn: Conn<'_>) -> Result<i64> {
    on!(conn, |c| sqlx::query_scalar("SELECT COUNT(*) FROM accounts").fetch_one(c).await)
}

/// Counts the active accounts that have a password and a role. The search by `LIKE` is exact, because no role's name is
/// a part of another's.
pub async fn count_active_with_role(conn: Conn<'_>, role: &str) -> Result<i64> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM accounts WHERE active AND password_hash IS NOT NULL AND roles LIKE '%' || $1 || '%'",
        )
        .bind(role)
        .fetch_one(c)
        .await
    })
}

pub async fn find(conn: Conn<'_>, id: AccountId) -> Result<Option<AccountRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT id, username, email, password_hash, roles, active, created_at FROM accounts WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(c)
        .await
    })
}

/// Finds an account by username or email address, either folded to lower case. A match of the username takes
/// precedence.
pub async fn find_by_login(conn: Conn<'_>, key: &str) -> Result<Option<AccountRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT id, username, email, password_hash, roles, active, created_at FROM accounts \
             WHERE username_key = $1 OR email_key = $1 ORDER BY CASE WHEN username_key = $1 THEN 0 ELSE 1 END LIMIT 1",
        )
        .bind(key)
        .fetch_optional(c)
        .await
    })
}

pub async fn list(conn: Conn<'_>, slice: PageBounds) -> Result<Vec<AccountRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT id, username, email, password_hash, roles, active, created_at FROM accounts \
             ORDER BY username_key LIMIT $1 OFFSET $2",
        )
        .bind(slice.limit)
        .bind(slice.offset)
        .fetch_all(c)
        .await
    })
}

pub async fn update_password(tx: &mut Transaction, id: AccountId, hash: &str) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE accounts SET password_hash = $2 WHERE id = $1")
            .bind(id)
            .bind(hash)
            .execute(c)
            .await
            .and_then(|done| require_row(done.rows_affected()))
    })
}

/// Replaces the hash of a password if it is still the one that was verified, because an upgrade of the hash must not
/// undo a change of the password.
pub async fn replace_password_hash(tx: &mut Transaction, id: AccountId, old: &str, new: &str) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
            .bind(id)
            .bind(old)
            .bind(new)
            .execute(c)
            .await
            .map(drop)
    })
}

pub async fn update_roles_and_activity(tx: &mut Transaction, id: AccountId, roles: &str, active: bool) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE accounts SET roles = $2, active = $3 WHERE id = $1")
            .bind(id)
            .bind(roles)
            .bind(active)
            .execute(c)
            .await
            .and_then(|done| require_row(done.rows_affected()))
    })
}
