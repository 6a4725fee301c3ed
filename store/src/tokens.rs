//! SQL for API tokens and the secrets that they have had.

use sqlx::FromRow;

use crate::Result;
use uptrakit_api::{AccountId, Timestamp, TokenId};

use super::{Conn, Connection, Digest, PageBounds, Transaction, containing, error::require_row, on};

/// A token with its newest secret, and with the secret before that while it still works (`old_…`).
#[derive(Clone, Debug, FromRow)]
pub struct TokenRow {
    pub id: TokenId,
    pub account_id: AccountId,
    pub name: String,
    pub permissions: Option<String>,
    pub networks: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_by: Option<String>,
    /// Time since which the token is on hold after a restore; null when it is not.
    pub held_at: Option<Timestamp>,
    /// Number of rotations. A rotation states the number that it has read; see [`count_rotation`].
    pub rotations: i64,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    pub hint: String,
    /// Time at which the newest secret was made; null for a secret that is older than this column.
    pub secret_created_at: Option<Timestamp>,
    pub old_hint: Option<String>,
    pub old_ends_at: Option<Timestamp>,
    pub old_last_used_at: Option<Timestamp>,
    pub old_last_used_ip: Option<String>,
}

#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    pub id: TokenId,
    pub account_id: AccountId,
    pub name: &'a str,
    pub name_key: &'a str,
    pub permissions: Option<&'a str>,
    pub networks: Option<&'a str>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Sort order of a list. Tokens that were never used, or never expire, come last in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSort {
    CreatedAt,
    Name,
    LastUsedAt,
    ExpiresAt,
}

#[derive(Clone, Debug)]
pub struct TokenFilter {
    pub state: &'static str,
    pub part: String,
    pub now: Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.account_id, t.name, t.permissions, t.networks, t.created_at, t.expires_at, t.revoked_at, \
             r.username AS revoked_by, t.held_at, t.rotations, t.last_used_at, t.last_used_ip, \
             x.hint, x.created_at AS secret_created_at, o.hint AS old_hint, o.ends_at AS old_ends_at, \
             o.last_used_at AS old_last_used_at, o.last_used_ip AS old_last_used_ip FROM api_tokens t \
             JOIN token_secrets x ON x.token_id = t.id AND x.ends_at IS NULL \
             LEFT JOIN token_secrets o ON o.token_id = t.id AND o.ends_at > $2 \
             LEFT JOIN accounts r ON r.id = t.revoked_by WHERE t.account_id = $1 ",
            $rest
        )
    };
}

macro_rules! list {
    ($order:literal) => {
        concat!(
            select!(
                "AND ($3 = 'all' OR $3 = CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' \
                 WHEN t.expires_at <= $2 THEN 'expired' ELSE 'active' END) AND t.name_key LIKE $4 ESCAPE '\\' ORDER BY "
            ),
            $order,
            " LIMIT $5 OFFSET $6"
        )
    };
}

const FIND: &str = select!("AND t.id = $3");

pub async fn find(conn: Conn<'_>, account_id: AccountId, id: TokenId, now: Timestamp) -> Result<Option<TokenRow>> {
    on!(conn, |c| sqlx::query_as(FIND).bind(account_id).bind(now).bind(id).fetch_optional(c).await)
}

pub async fn list(
    conn: Conn<'_>,
    account_id: AccountId,
    filter: &TokenFilter,
    sort: (TokenSort, bool),
    slice: PageBounds,
) -> Result<Vec<TokenRow>> {
    let sql = match sort {
        (TokenSort::CreatedAt, false) => list!("t.created_at, t.id"),
        (TokenSort::CreatedAt, true) => list!("t.created_at DESC, t.id DESC"),
        (TokenSort::Name, false) => list!("t.name_key, t.id"),
        (TokenSort::Name, true) => list!("t.name_key DESC, t.id DESC"),
        (TokenSort::LastUsedAt, false) => list!("t.last_used_at IS NULL, t.last_used_at, t.id"),
        (TokenSort::LastUsedAt, true) => list!("t.last_used_at IS NULL, t.last_used_at DESC, t.id DESC"),
        (TokenSort::ExpiresAt, false) => list!("t.expires_at IS NULL, t.expires_at, t.id"),
        (TokenSort::ExpiresAt, true) => list!("t.expires_at IS NULL, t.expires_at DESC, t.id DESC"),
    };
    on!(conn, |c| {
        sqlx::query_as(sql)
            .bind(account_id)
            .bind(filter.now)
            .bind(filter.state)
            .bind(containing(&filter.part))
            .bind(slice.limit)
            .bind(slice.offset)
            .fetch_all(c)
            .await
    })
}

pub async fn count(conn: Conn<'_>, account_id: AccountId, filter: &TokenFilter) -> Result<i64> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM api_tokens t WHERE t.account_id = $1 AND ($3 = 'all' OR $3 = CASE \
             WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= $2 THEN 'expired' ELSE 'active' END) \
             AND t.name_key LIKE $4 ESCAPE '\\'",
        )
        .bind(account_id)
        .bind(filter.now)
        .bind(filter.state)
        .bind(containing(&filter.part))
        .fetch_one(c)
        .await
    })
}

pub async fn exists_active_named(
    conn: Conn<'_>,
    account_id: AccountId,
    name_key: &str,
    id: TokenId,
    now: Timestamp,
) -> Result<bool> {
    on!(conn, |c| {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM api_tokens WHERE account_id = $1 AND name_key = $2 AND id <> $3 \
             AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $4))",
        )
        .bind(account_id)
        .bind(name_key)
        .bind(id)
        .bind(now)
        .fetch_one(c)
        .await
    })
}

/// Adds a token without a secret, which [`insert_secret`] adds.
pub async fn insert(tx: &mut Transaction, token: &NewToken<'_>) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO api_tokens (id, account_id, name, name_key, permissions, networks, created_at, expires_at, rotations) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
        )
        .bind(token.id)
        .bind(token.account_id)
        .bind(token.name)
        .bind(token.name_key)
        .bind(token.permissions)
        .bind(token.networks)
        .bind(token.created_at)
        .bind(token.expires_at)
        .execute(c)
        .await
        .map(drop)
    })
}

pub async fn insert_secret(
    tx: &mut Transaction,
    token_id: TokenId,
    digest: &Digest,
    hint: &str,
    now: Timestamp,
) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("INSERT INTO token_secrets (digest, token_id, hint, created_at) VALUES ($1, $2, $3, $4)")
            .bind(digest)
            .bind(token_id)
            .bind(hint)
            .bind(now)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Counts a rotation, if no other one was counted since `rotations` was read. Returns true when it was counted.
pub async fn count_rotation(tx: &mut Transaction, id: TokenId, rotations: i64) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE api_tokens SET rotations = rotations + 1 WHERE id = $1 AND rotations = $2")
            .bind(id)
            .bind(rotations)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

/// The end of a secret that ends now. It is not this clock's present, which another server's clock may not have
/// reached.
pub const ENDED: Timestamp = Timestamp(0);

/// Ends the secrets of a token: one that was replaced and still works ends now, and the newest one ends at `ends_at`.
pub async fn end_secrets(tx: &mut Transaction, token_id: TokenId, ends_at: Timestamp) -> Result<()> {
    end_overlap(tx, token_id).await?;
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE token_secrets SET ends_at = $2 WHERE token_id = $1 AND ends_at IS NULL")
            .bind(token_id)
            .bind(ends_at)
            .execute(c)
            .await
            .and_then(|done| require_row(done.rows_affected()))
    })
}

/// Ends replaced secrets that still work, or may still work by another server's clock. Returns true when there were
/// any.
pub async fn end_overlap(tx: &mut Transaction, token_id: TokenId) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE token_secrets SET ends_at = $2 WHERE token_id = $1 AND ends_at > $2")
            .bind(token_id)
            .bind(ENDED)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

pub async fn update(
    tx: &mut Transaction,
    id: TokenId,
    name: (&str, &str),
    permissions: Option<&str>,
    networks: Option<&str>,
) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE api_tokens SET name = $2, name_key = $3, permissions = $4, networks = $5 WHERE id = $1")
            .bind(id)
            .bind(name.0)
            .bind(name.1)
            .bind(permissions)
            .bind(networks)
            .execute(c)
            .await
            .and_then(|done| require_row(done.rows_affected()))
    })
}

/// Revokes a token of an account. Returns false when it is unknown, or was revoked before.
pub async fn revoke(
    tx: &mut Transaction,
    account_id: AccountId,
    id: TokenId,
    by: AccountId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE api_tokens SET revoked_at = $4, revoked_by = $3 \
             WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL",
        )
        .bind(id)
        .bind(account_id)
        .bind(by)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected() > 0)
    })
}

/// Revokes every token of an account, on behalf of its owner, and returns how many of them worked until now. Tokens
/// that have expired are revoked as well, because they may not have expired by a clock that was set back, or by another
/// server's.
pub async fn revoke_all(tx: &mut Transaction, account_id: AccountId, now: Timestamp) -> Result<u64> {
    let revoked: Vec<Option<Timestamp>> = on!(tx.conn(), |c| {
        sqlx::query_scalar(
            "UPDATE api_tokens SET revoked_at = $2, revoked_by = $1 WHERE account_id = $1 AND revoked_at IS NULL \
             RETURNING expires_at",
        )
        .bind(account_id)
        .bind(now)
        .fetch_all(c)
        .await
    })?;
    Ok(revoked.iter().filter(|end| end.is_none_or(|end| end > now)).count() as u64)
}

/// Takes a token off hold. Returns false when it was not on hold.
pub async fn confirm(tx: &mut Transaction, id: TokenId) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE api_tokens SET held_at = NULL WHERE id = $1 AND held_at IS NOT NULL")
            .bind(id)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

pub async fn list_digests(conn: Conn<'_>, id: TokenId) -> Result<Vec<Digest>> {
    on!(conn, |c| {
        sqlx::query_scalar("SELECT digest FROM token_secrets WHERE token_id = $1").bind(id).fetch_all(c).await
    })
}

/// Number of uses that one statement writes. A batch with fewer repeats its last one.
pub const USES: usize = 16;

#[derive(Clone, Debug)]
pub struct UseRow {
    pub token_id: TokenId,
    pub digest: Digest,
    pub at: Timestamp,
    pub ip: String,
    pub program: Option<String>,
}

// Both engines name the columns of `VALUES` `column1`, `column2` and so on.
const TOKENS_USED: &str = "UPDATE api_tokens SET last_used_at = v.column2, last_used_ip = v.column3 FROM (VALUES \
    ($1, $2, $3), ($4, $5, $6), ($7, $8, $9), ($10, $11, $12), ($13, $14, $15), ($16, $17, $18), ($19, $20, \
    $21), ($22, $23, $24), ($25, $26, $27), ($28, $29, $30), ($31, $32, $33), ($34, $35, $36), ($37, $38, $39), \
    ($40, $41, $42), ($43, $44, $45), ($46, $47, $48)) AS v \
    WHERE id = v.column1 AND (last_used_at IS NULL OR last_used_at < v.column2 OR last_used_at > $49)";

const SECRETS_USED: &str = "UPDATE token_secrets SET last_used_at = v.column2, last_used_ip = v.column3, \
    first_used_by = COALESCE(first_used_by, v.column4) FROM (VALUES \
    ($1, $2, $3, $4), ($5, $6, $7, $8), ($9, $10, $11, $12), ($13, $14, $15, $16), ($17, $18, $19, $20), ($21, \
    $22, $23, $24), ($25, $26, $27, $28), ($29, $30, $31, $32), ($33, $34, $35, $36), ($37, $38, $39, $40), \
    ($41, $42, $43, $44), ($45, $46, $47, $48), ($49, $50, $51, $52), ($53, $54, $55, $56), ($57, $58, $59, \
    $60), ($61, $62, $63, $64)) AS v \
    WHERE digest = v.column1 AND (last_used_at IS NULL OR last_used_at < v.column2 OR last_used_at > $65)";

/// Records uses of secrets, and so of their tokens. An earlier time replaces a later one only if the later one is after
/// the horizon. There must be 1 to [`USES`] rows, and no two for the same token, because either of the two could win.
pub async fn update_last_used(aside: &mut Connection, uses: &[UseRow], horizon: Timestamp) -> Result<()> {
    debug_assert!((1..=USES).contains(&uses.len()));
    let padded = || (0..USES).map(|index| &uses[index.min(uses.len() - 1)]);
    on!(aside.conn(), |c| {
        let mut query = sqlx::query(TOKENS_USED);
        for row in padded() {
            query = query.bind(row.token_id).bind(row.at).bind(&row.ip);
        }
        query.bind(horizon).execute(c).await.map(drop)
    })?;
    on!(aside.conn(), |c| {
        let mut query = sqlx::query(SECRETS_USED);
        for row in padded() {
            query = query.bind(row.digest).bind(row.at).bind(&row.ip).bind(&row.program);
        }
        query.bind(horizon).execute(c).await.map(drop)
    })
}

/// Returns the address of the latest use of a token's newest secret, and the program that used it first; `None` while
/// the secret is unused.
pub async fn find_first_use(
    conn: Conn<'_>,
    account_id: AccountId,
    id: TokenId,
) -> Result<Option<(String, Option<String>)>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT x.last_used_ip, x.first_used_by FROM token_secrets x JOIN api_tokens t ON t.id = x.token_id \
             WHERE t.account_id = $1 AND t.id = $2 AND x.ends_at IS NULL AND x.last_used_ip IS NOT NULL",
        )
        .bind(account_id)
        .bind(id)
        .fetch_optional(c)
        .await
    })
}

/// An overlap of a rotation that seems to begin in the future, by the digest of the old secret. It counts from `began`;
/// `stored_end` is the end that the database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FutureOverlap {
    pub digest: Digest,
    pub stored_end: Timestamp,
    pub began: Timestamp,
    pub end: Timestamp,
}

/// Stores when an overlap began and ends. Returns the account of its token, unless the overlap was ended, or corrected
/// by another process, before.
pub async fn mend_overlap(
    tx: &mut Transaction,
    overlap: &FutureOverlap,
    horizon: Timestamp,
) -> Result<Option<AccountId>> {
    let token_id: Option<TokenId> = on!(tx.conn(), |c| {
        sqlx::query_scalar(
            "UPDATE token_secrets SET ends_at = $3 WHERE digest = $1 AND ends_at = $2 RETURNING token_id",
        )
        .bind(overlap.digest)
        .bind(overlap.stored_end)
        .bind(overlap.end)
        .fetch_optional(c)
        .await
    })?;
    let Some(token_id) = token_id else { return Ok(None) };
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE token_secrets SET created_at = $2 WHERE token_id = $1 AND created_at > $3")
            .bind(token_id)
            .bind(overlap.began)
            .bind(horizon)
            .execute(c)
            .await
            .map(drop)
    })?;
    on!(tx.conn(), |c| {
        sqlx::query_scalar("SELECT account_id FROM api_tokens WHERE id = $1").bind(token_id).fetch_optional(c).await
    })
}

/// Sets times of rotations and revokes that are later than the horizon to the present, because a wrong clock wrote
/// them: an overlap then lasts for as long as was requested, from now on, and a revoked token is listed for as long as any other. Returns the accounts whose tokens had such a rotation.
pub async fn mend_future(tx: &mut Transaction, now: Timestamp, horizon: Timestamp) -> Result<Vec<AccountId>> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE api_tokens SET revoked_at = $1 WHERE revoked_at > $2")
            .bind(now)
            .bind(horizon)
            .execute(c)
            .await
            .map(drop)
    })?;
    let accounts = on!(tx.conn(), |c| {
        sqlx::query_scalar(
            "SELECT DISTINCT account_id FROM api_tokens \
             WHERE id IN (SELECT token_id FROM token_secrets WHERE created_at > $1)",
        )
        .bind(horizon)
        .fetch_all(c)
        .await
    })?;
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE token_secrets AS o SET ends_at = o.ends_at + $1 - \
             (SELECT MAX(x.created_at) FROM token_secrets x WHERE x.token_id = o.token_id AND x.ends_at IS NULL) \
             WHERE o.ends_at > $1 AND EXISTS (SELECT 1 FROM token_secrets x \
             WHERE x.token_id = o.token_id AND x.ends_at IS NULL AND x.created_at > $2)",
        )
        .bind(now)
        .bind(horizon)
        .execute(c)
        .await
        .map(drop)
    })?;
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE token_secrets SET created_at = $1 WHERE created_at > $2")
            .bind(now)
            .bind(horizon)
            .execute(c)
            .await
            .map(drop)
    })?;
    Ok(accounts)
}

pub async fn delete_over_before(tx: &mut Transaction, at: Timestamp) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM api_tokens WHERE revoked_at < $1 OR expires_at < $1")
            .bind(at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}
