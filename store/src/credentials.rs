//! What the verifier reads: a credential and its account in one row, by digest. The same rows are read again inside
//! the transactions that write under a credential.

use sqlx::FromRow;

use crate::Result;
use uuid::Uuid;

use super::{Conn, on};

/// How many digests one statement asks for; a batch with fewer repeats its last one.
pub const LOOKUP: usize = 16;

/// An API token by one of its texts, with its account.
#[derive(Clone, Debug, FromRow)]
pub struct TokenCredentialRow {
    /// The text's digest.
    pub digest: Vec<u8>,
    /// The text's hint.
    pub hint: String,
    /// From when on the text, replaced by a rotation, is refused.
    pub ends_at: Option<i64>,
    /// When the text was last used.
    pub text_used_at: Option<i64>,
    /// The token's id.
    pub token_id: Uuid,
    /// The token's name.
    pub name: String,
    /// What it is narrowed to.
    pub permissions: Option<String>,
    /// The networks that it is held to.
    pub networks: Option<String>,
    /// Since when.
    pub created_at: i64,
    /// From when on it is refused.
    pub expires_at: Option<i64>,
    /// Since when it is revoked.
    pub revoked_at: Option<i64>,
    /// When it was last used.
    pub last_used_at: Option<i64>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
    /// Its account.
    #[sqlx(flatten)]
    pub account: CredentialAccountRow,
}

/// A web session with its account.
#[derive(Clone, Debug, FromRow)]
pub struct SessionCredentialRow {
    /// The cookie's digest.
    pub digest: Vec<u8>,
    /// The session's id.
    pub session_id: Uuid,
    /// Since when.
    pub created_at: i64,
    /// When it was last used.
    pub last_active_at: i64,
    /// Its account.
    #[sqlx(flatten)]
    pub account: CredentialAccountRow,
}

/// The account behind a credential.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CredentialAccountRow {
    /// The account's id.
    pub account_id: Uuid,
    /// Its username.
    pub username: String,
    /// Its email.
    pub email: String,
    /// Its roles.
    pub roles: String,
    /// Whether it opens doors.
    pub active: bool,
    /// Since when.
    pub account_created_at: i64,
}

const TOKENS: &str = "SELECT x.digest, x.hint, x.ends_at, x.last_used_at AS text_used_at, t.id AS token_id, t.name, t.permissions, t.networks, \
    t.created_at, t.expires_at, t.revoked_at, t.last_used_at, t.last_used_ip, a.id AS account_id, a.username, a.email, \
    a.roles, a.active, a.created_at AS account_created_at \
    FROM token_texts x JOIN api_tokens t ON t.id = x.token_id JOIN accounts a ON a.id = t.account_id \
    WHERE x.digest IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

const SESSIONS: &str = "SELECT s.digest, s.id AS session_id, s.created_at, s.last_active_at, a.id AS account_id, \
    a.username, a.email, a.roles, a.active, a.created_at AS account_created_at \
    FROM sessions s JOIN accounts a ON a.id = s.account_id \
    WHERE s.digest IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// The tokens with these texts; unknown digests have no row. At most [`LOOKUP`] and at least one.
pub async fn list_tokens(conn: Conn<'_>, digests: &[[u8; 32]]) -> Result<Vec<TokenCredentialRow>> {
    on!(conn, |c| padded(digests).fold(sqlx::query_as(TOKENS), sqlx::query::QueryAs::bind).fetch_all(c).await)
}

/// The sessions with these cookies; unknown digests have no row. At most [`LOOKUP`] and at least one.
pub async fn list_sessions(conn: Conn<'_>, digests: &[[u8; 32]]) -> Result<Vec<SessionCredentialRow>> {
    on!(conn, |c| padded(digests).fold(sqlx::query_as(SESSIONS), sqlx::query::QueryAs::bind).fetch_all(c).await)
}

fn padded(digests: &[[u8; 32]]) -> impl Iterator<Item = &[u8]> {
    debug_assert!((1..=LOOKUP).contains(&digests.len()));
    (0..LOOKUP).map(|index| digests[index.min(digests.len() - 1)].as_slice())
}
