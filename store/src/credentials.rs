//! SQL for the verifier, which reads a credential and its account in one row, by digest. Transactions that write under
//! a credential read the same rows again.

use sqlx::FromRow;

use crate::Result;
use uptrakit_api::{AccountId, GrantId, SessionId, Timestamp, TokenId};

use super::{Conn, Digest, on};

/// Number of digests that one statement looks up. A batch with fewer repeats its last digest.
pub const LOOKUP: usize = 16;

#[derive(Clone, Debug, FromRow)]
pub struct TokenCredentialRow {
    pub digest: Digest,
    pub hint: String,
    /// Time from which on the secret is refused, because a rotation replaced it; null for the newest secret.
    pub ends_at: Option<Timestamp>,
    /// Time of the rotation that replaced the secret; null for the newest secret, or when the time is unknown.
    pub replaced_at: Option<Timestamp>,
    /// Time of the latest use of this secret. `last_used_at` is that of the token, by any of its secrets.
    pub secret_used_at: Option<Timestamp>,
    pub token_id: TokenId,
    pub name: String,
    pub permissions: Option<String>,
    pub networks: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// Time since which the token is on hold after a restore; null when it is not.
    pub held_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    #[sqlx(flatten)]
    pub account: CredentialAccountRow,
}

#[derive(Clone, Debug, FromRow)]
pub struct SessionCredentialRow {
    pub digest: Digest,
    pub session_id: SessionId,
    pub created_at: Timestamp,
    pub last_active_at: Timestamp,
    #[sqlx(flatten)]
    pub account: CredentialAccountRow,
}

#[derive(Clone, Debug, FromRow)]
pub struct AccessCredentialRow {
    pub digest: Digest,
    /// Permissions that the access token is narrowed to; null for all permissions of its grant.
    pub narrowed: Option<String>,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub grant_id: GrantId,
    pub permissions: String,
    pub audience: String,
    pub grant_revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    #[sqlx(flatten)]
    pub account: CredentialAccountRow,
}

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CredentialAccountRow {
    pub account_id: AccountId,
    pub username: String,
    pub email: String,
    pub roles: String,
    pub active: bool,
    pub account_created_at: Timestamp,
}

const TOKENS: &str = "SELECT x.digest, x.hint, x.ends_at, CASE WHEN x.ends_at IS NOT NULL THEN (SELECT MAX(n.created_at) \
    FROM token_secrets n WHERE n.token_id = x.token_id AND n.ends_at IS NULL) END AS replaced_at, \
    x.last_used_at AS secret_used_at, t.id AS token_id, \
    t.name, t.permissions, t.networks, t.created_at, t.expires_at, t.revoked_at, t.held_at, t.last_used_at, t.last_used_ip, a.id AS account_id, a.username, a.email, \
    a.roles, a.active, a.created_at AS account_created_at \
    FROM token_secrets x JOIN api_tokens t ON t.id = x.token_id JOIN accounts a ON a.id = t.account_id \
    WHERE x.digest IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

const SESSIONS: &str = "SELECT s.digest, s.id AS session_id, s.created_at, s.last_active_at, a.id AS account_id, \
    a.username, a.email, a.roles, a.active, a.created_at AS account_created_at \
    FROM sessions s JOIN accounts a ON a.id = s.account_id \
    WHERE s.digest IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

const ACCESS_TOKENS: &str = "SELECT x.digest, x.permissions AS narrowed, x.expires_at, x.revoked_at, g.id AS grant_id, \
    g.permissions, g.audience, g.revoked_at AS grant_revoked_at, g.last_used_at, a.id AS account_id, a.username, \
    a.email, a.roles, a.active, a.created_at AS account_created_at \
    FROM oauth_access_tokens x JOIN oauth_grants g ON g.id = x.grant_id JOIN accounts a ON a.id = g.account_id \
    WHERE x.digest IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// Returns the tokens with these secrets. There must be 1 to [`LOOKUP`] digests; unknown ones have no row.
pub async fn list_tokens(conn: Conn<'_>, digests: &[Digest]) -> Result<Vec<TokenCredentialRow>> {
    on!(conn, |c| padded(digests).fold(sqlx::query_as(TOKENS), sqlx::query::QueryAs::bind).fetch_all(c).await)
}

pub async fn list_sessions(conn: Conn<'_>, digests: &[Digest]) -> Result<Vec<SessionCredentialRow>> {
    on!(conn, |c| padded(digests).fold(sqlx::query_as(SESSIONS), sqlx::query::QueryAs::bind).fetch_all(c).await)
}

pub async fn list_access_tokens(conn: Conn<'_>, digests: &[Digest]) -> Result<Vec<AccessCredentialRow>> {
    on!(conn, |c| padded(digests).fold(sqlx::query_as(ACCESS_TOKENS), sqlx::query::QueryAs::bind).fetch_all(c).await)
}

fn padded(digests: &[Digest]) -> impl Iterator<Item = Digest> {
    debug_assert!((1..=LOOKUP).contains(&digests.len()));
    (0..LOOKUP).map(|index| digests[index.min(digests.len() - 1)])
}
