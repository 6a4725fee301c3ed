//! API tokens and the texts they have had.

use sqlx::FromRow;

use crate::Result;
use uuid::Uuid;

use super::{Conn, Connection, PageBounds, Transaction, containing, on};

/// A token as it is stored, with its newest text and the one before it while that still works.
#[derive(Clone, Debug, FromRow)]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account_id: Uuid,
    /// What its owner calls it.
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
    /// The username of whoever revoked it.
    pub revoked_by: Option<String>,
    /// How often it was rotated; who rotates says from which number.
    pub rotations: i64,
    /// When it was last used.
    pub last_used_at: Option<i64>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
    /// The newest text's hint.
    pub hint: String,
    /// When the newest text was made; not known of those from before this was noted.
    pub made_at: Option<i64>,
    /// The hint of the text before it, while that still works.
    pub old_hint: Option<String>,
    /// From when on the old text is refused.
    pub old_ends_at: Option<i64>,
    /// When the old text was last used.
    pub old_last_used_at: Option<i64>,
    /// From where the old text was last used.
    pub old_last_used_ip: Option<String>,
}

/// A token to add.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account_id: Uuid,
    /// What its owner calls it.
    pub name: &'a str,
    /// The same, folded to lower case.
    pub name_key: &'a str,
    /// What it is narrowed to.
    pub permissions: Option<&'a str>,
    /// The networks that it is held to.
    pub networks: Option<&'a str>,
    /// Since when.
    pub created_at: i64,
    /// From when on it is refused.
    pub expires_at: Option<i64>,
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSort {
    /// By birth.
    CreatedAt,
    /// By name.
    Name,
    /// By last use; never used ones come last in either direction.
    LastUsedAt,
    /// By end; endless ones come last in either direction.
    ExpiresAt,
}

/// Which tokens of an account.
#[derive(Clone, Debug)]
pub struct TokenFilter {
    /// `active`, `expired`, `revoked` or `all`.
    pub state: &'static str,
    /// A part of the name, folded to lower case.
    pub part: String,
    /// The instant that decides between active and expired.
    pub now: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.account_id, t.name, t.permissions, t.networks, t.created_at, t.expires_at, t.revoked_at, \
             r.username AS revoked_by, t.rotations, t.last_used_at, t.last_used_ip, x.hint, x.made_at, o.hint AS old_hint, o.ends_at AS old_ends_at, \
             o.last_used_at AS old_last_used_at, o.last_used_ip AS old_last_used_ip FROM api_tokens t \
             JOIN token_texts x ON x.token_id = t.id AND x.ends_at IS NULL \
             LEFT JOIN token_texts o ON o.token_id = t.id AND o.ends_at > $2 \
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

/// One token of an account.
pub async fn find(conn: Conn<'_>, account_id: Uuid, id: Uuid, now: i64) -> Result<Option<TokenRow>> {
    on!(conn, |c| sqlx::query_as(FIND).bind(account_id).bind(now).bind(id).fetch_optional(c).await)
}

/// A page of an account's tokens.
pub async fn list(
    conn: Conn<'_>,
    account_id: Uuid,
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

/// How many tokens of an account pass the filter.
pub async fn count(conn: Conn<'_>, account_id: Uuid, filter: &TokenFilter) -> Result<i64> {
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

/// Whether an active token of the account other than `id` has this name.
pub async fn exists_active_named(conn: Conn<'_>, account_id: Uuid, name_key: &str, id: Uuid, now: i64) -> Result<bool> {
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

/// Adds a token, without a text.
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

/// Gives a token its newest text.
pub async fn insert_text(tx: &mut Transaction, token_id: Uuid, digest: &[u8], hint: &str, now: i64) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("INSERT INTO token_texts (digest, token_id, hint, made_at) VALUES ($1, $2, $3, $4)")
            .bind(digest)
            .bind(token_id)
            .bind(hint)
            .bind(now)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Counts a rotation, if nobody else did since `rotations` was read; tells whether it was counted.
pub async fn count_rotation(tx: &mut Transaction, id: Uuid, rotations: i64) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE api_tokens SET rotations = rotations + 1 WHERE id = $1 AND rotations = $2")
            .bind(id)
            .bind(rotations)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

/// The end of a text that ends now: not this clock's present, which another server's clock may not have reached.
pub const ENDED: i64 = 0;

/// Ends what came before: an older text that still works ends now, the newest one at `ends_at`.
pub async fn end_texts(tx: &mut Transaction, token_id: Uuid, ends_at: i64) -> Result<()> {
    end_overlap(tx, token_id).await?;
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE token_texts SET ends_at = $2 WHERE token_id = $1 AND ends_at IS NULL")
            .bind(token_id)
            .bind(ends_at)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Ends replaced texts that still work, or may by another server's clock; tells whether there was one.
pub async fn end_overlap(tx: &mut Transaction, token_id: Uuid) -> Result<bool> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE token_texts SET ends_at = $2 WHERE token_id = $1 AND ends_at > $2")
            .bind(token_id)
            .bind(ENDED)
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0)
    })
}

/// Sets a token's name and limits.
pub async fn update(
    tx: &mut Transaction,
    id: Uuid,
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
            .map(drop)
    })
}

/// Revokes a token of an account; tells whether it was not revoked before.
pub async fn revoke(tx: &mut Transaction, account_id: Uuid, id: Uuid, by: Uuid, now: i64) -> Result<bool> {
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

/// Revokes every token of an account, for its owner; tells how many of them worked until now. Those that have expired
/// are revoked as well: by a clock that was set back, or by another server's, they may not have.
pub async fn revoke_all(tx: &mut Transaction, account_id: Uuid, now: i64) -> Result<u64> {
    let revoked: Vec<Option<i64>> = on!(tx.conn(), |c| {
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

/// The digests of a token's texts.
pub async fn list_digests(conn: Conn<'_>, id: Uuid) -> Result<Vec<Vec<u8>>> {
    on!(conn, |c| {
        sqlx::query_scalar("SELECT digest FROM token_texts WHERE token_id = $1").bind(id).fetch_all(c).await
    })
}

/// How many uses one statement writes; fewer are filled up with the last one again.
pub const USES: usize = 16;

/// When and from where a token was used, by one of its texts.
#[derive(Clone, Debug)]
pub struct UseRow {
    /// The token.
    pub token_id: Uuid,
    /// The text's digest.
    pub digest: [u8; 32],
    /// When.
    pub at: i64,
    /// From where.
    pub ip: String,
    /// By which program, if it said.
    pub program: Option<String>,
}

// Rows of values, whose columns both engines call `column1`, `column2` and so on.
const TOKENS_USED: &str = "UPDATE api_tokens SET last_used_at = v.column2, last_used_ip = v.column3 FROM (VALUES \
    ($1, $2, $3), ($4, $5, $6), ($7, $8, $9), ($10, $11, $12), ($13, $14, $15), ($16, $17, $18), ($19, $20, \
    $21), ($22, $23, $24), ($25, $26, $27), ($28, $29, $30), ($31, $32, $33), ($34, $35, $36), ($37, $38, $39), \
    ($40, $41, $42), ($43, $44, $45), ($46, $47, $48)) AS v \
    WHERE id = v.column1 AND (last_used_at IS NULL OR last_used_at < v.column2 OR last_used_at > $49)";

const TEXTS_USED: &str = "UPDATE token_texts SET last_used_at = v.column2, last_used_ip = v.column3, \
    first_used_by = COALESCE(first_used_by, v.column4) FROM (VALUES \
    ($1, $2, $3, $4), ($5, $6, $7, $8), ($9, $10, $11, $12), ($13, $14, $15, $16), ($17, $18, $19, $20), ($21, \
    $22, $23, $24), ($25, $26, $27, $28), ($29, $30, $31, $32), ($33, $34, $35, $36), ($37, $38, $39, $40), \
    ($41, $42, $43, $44), ($45, $46, $47, $48), ($49, $50, $51, $52), ($53, $54, $55, $56), ($57, $58, $59, \
    $60), ($61, $62, $63, $64)) AS v \
    WHERE digest = v.column1 AND (last_used_at IS NULL OR last_used_at < v.column2 OR last_used_at > $65)";

/// Notes that texts, and so their tokens, were used; never goes back, but from what lies behind the horizon. At most
/// [`USES`] and at least one, and no token twice: of two rows for one token either may win.
pub async fn update_last_used(aside: &mut Connection, uses: &[UseRow], horizon: i64) -> Result<()> {
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
        let mut query = sqlx::query(TEXTS_USED);
        for row in padded() {
            query = query.bind(row.digest.as_slice()).bind(row.at).bind(&row.ip).bind(&row.program);
        }
        query.bind(horizon).execute(c).await.map(drop)
    })
}

/// From where and by which program the present text of an account's token was used; `None` as long as it was not.
pub async fn find_first_use(conn: Conn<'_>, account_id: Uuid, id: Uuid) -> Result<Option<(String, Option<String>)>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT x.last_used_ip, x.first_used_by FROM token_texts x JOIN api_tokens t ON t.id = x.token_id \
             WHERE t.account_id = $1 AND t.id = $2 AND x.ends_at IS NULL AND x.last_used_ip IS NOT NULL",
        )
        .bind(account_id)
        .bind(id)
        .fetch_optional(c)
        .await
    })
}

/// Brings back to the present what the wrong clock of a rotation or a revoke put behind the horizon: an overlap lasts as
/// long as was asked for, from now, and what is revoked is listed as long as any. Tells whose tokens had such a rotation.
pub async fn mend_future(tx: &mut Transaction, now: i64, horizon: i64) -> Result<Vec<Uuid>> {
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
            "SELECT DISTINCT account_id FROM api_tokens WHERE id IN (SELECT token_id FROM token_texts WHERE made_at > $1)",
        )
        .bind(horizon)
        .fetch_all(c)
        .await
    })?;
    on!(tx.conn(), |c| {
        sqlx::query(
            "UPDATE token_texts AS o SET ends_at = o.ends_at + $1 - \
             (SELECT MAX(x.made_at) FROM token_texts x WHERE x.token_id = o.token_id AND x.ends_at IS NULL) \
             WHERE o.ends_at > $1 AND EXISTS (SELECT 1 FROM token_texts x \
             WHERE x.token_id = o.token_id AND x.ends_at IS NULL AND x.made_at > $2)",
        )
        .bind(now)
        .bind(horizon)
        .execute(c)
        .await
        .map(drop)
    })?;
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE token_texts SET made_at = $1 WHERE made_at > $2")
            .bind(now)
            .bind(horizon)
            .execute(c)
            .await
            .map(drop)
    })?;
    Ok(accounts)
}

/// Forgets tokens that were over before an instant.
pub async fn delete_over_before(tx: &mut Transaction, at: i64) -> Result<u64> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM api_tokens WHERE revoked_at < $1 OR expires_at < $1")
            .bind(at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}
