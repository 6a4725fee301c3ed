//! Accounts.

use sqlx::FromRow;

use crate::Result;
use uuid::Uuid;

use super::{Conn, PageBounds, Transaction, on};

/// An account as it is stored.
#[derive(Clone, Debug, FromRow)]
pub struct AccountRow {
    /// Its id.
    pub id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// The address to sign in with.
    pub email: String,
    /// Argon2id in PHC form; none until an invitation is accepted.
    pub password_hash: Option<String>,
    /// Names of roles.
    pub roles: String,
    /// Whether it opens doors.
    pub active: bool,
    /// Since when.
    pub created_at: i64,
}

/// Adds an account; a unique violation means that the username or the email is taken.
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

/// How many there are.
pub async fn count(conn: Conn<'_>) -> Result<i64> {
    on!(conn, |c| sqlx::query_scalar("SELECT COUNT(*) FROM accounts").fetch_one(c).await)
}

/// How many active accounts with a password have a role (no role's name is a part of another's).
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

/// By id.
pub async fn find(conn: Conn<'_>, id: Uuid) -> Result<Option<AccountRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT id, username, email, password_hash, roles, active, created_at FROM accounts WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(c)
        .await
    })
}

/// By username or email, either folded to lower case.
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

/// All of them, by username.
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

/// Sets the password's hash.
pub async fn update_password(tx: &mut Transaction, id: Uuid, hash: &str) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE accounts SET password_hash = $2 WHERE id = $1")
            .bind(id)
            .bind(hash)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Replaces the password's hash if it is still the one that was verified: an upgrade must not undo a change.
pub async fn replace_password_hash(tx: &mut Transaction, id: Uuid, old: &str, new: &str) -> Result<()> {
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

/// Sets roles and whether the account opens doors.
pub async fn update_power(tx: &mut Transaction, id: Uuid, roles: &str, active: bool) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE accounts SET roles = $2, active = $3 WHERE id = $1")
            .bind(id)
            .bind(roles)
            .bind(active)
            .execute(c)
            .await
            .map(drop)
    })
}
