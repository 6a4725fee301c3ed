//! The audit trail. Events are added in the transaction of what they record, and never changed.

use sqlx::FromRow;

use crate::Result;
use uuid::Uuid;

use super::{Conn, PageBounds, Transaction, on};

/// An event as it is stored.
#[derive(Clone, Debug, FromRow)]
pub struct AuditRow {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: i64,
    /// What was done.
    pub action: String,
    /// Whose account did it.
    pub actor_id: Option<Uuid>,
    /// The token that was used, or that it was done to.
    pub token_id: Option<Uuid>,
    /// What it was done to.
    pub target_id: Option<Uuid>,
    /// From where.
    pub address: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// `done`, `refused`, or why.
    pub outcome: String,
}

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// This action.
    pub action: Option<String>,
    /// This account's.
    pub actor_id: Option<Uuid>,
    /// With this token, or to it.
    pub token_id: Option<Uuid>,
    /// At or after.
    pub since: Option<i64>,
    /// Before.
    pub until: Option<i64>,
}

/// Adds an event.
pub async fn insert(tx: &mut Transaction, row: &AuditRow) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query(
            "INSERT INTO audit_events (id, at, action, actor_id, token_id, target_id, address, request_id, outcome) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(row.id)
        .bind(row.at)
        .bind(row.action.as_str())
        .bind(row.actor_id)
        .bind(row.token_id)
        .bind(row.target_id)
        .bind(row.address.as_deref())
        .bind(row.request_id.as_deref())
        .bind(row.outcome.as_str())
        .execute(c)
        .await
        .map(drop)
    })
}

macro_rules! filtered {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM audit_events \
             WHERE (CAST($1 AS TEXT) IS NULL OR action = $1) AND (CAST($2 AS BIGINT) IS NULL OR at >= $2) \
             AND (CAST($3 AS BIGINT) IS NULL OR at < $3) AND ($4 OR actor_id = $5) AND ($6 OR token_id = $7 OR target_id = $7)",
            $rest
        )
    };
}

const COUNT: &str = filtered!("COUNT(*)", "");
const LIST: &str = filtered!(
    "id, at, action, actor_id, token_id, target_id, address, request_id, outcome",
    " ORDER BY at DESC, id DESC LIMIT $8 OFFSET $9"
);
const LIST_AFTER: &str = filtered!(
    "id, at, action, actor_id, token_id, target_id, address, request_id, outcome",
    " AND (at, id) > ($8, $9) ORDER BY at, id LIMIT $10"
);

macro_rules! bind_filter {
    ($query:expr, $filter:expr) => {
        $query
            .bind($filter.action.as_deref())
            .bind($filter.since)
            .bind($filter.until)
            .bind($filter.actor_id.is_none())
            .bind($filter.actor_id.unwrap_or_default())
            .bind($filter.token_id.is_none())
            .bind($filter.token_id.unwrap_or_default())
    };
}

/// When the newest event was.
pub async fn find_newest_at(conn: Conn<'_>) -> Result<Option<i64>> {
    on!(conn, |c| sqlx::query_scalar("SELECT MAX(at) FROM audit_events").fetch_one(c).await)
}

/// How many events pass the filter.
pub async fn count(conn: Conn<'_>, filter: &AuditFilter) -> Result<i64> {
    on!(conn, |c| bind_filter!(sqlx::query_scalar(COUNT), filter).fetch_one(c).await)
}

/// The events that pass the filter, newest first.
pub async fn list(conn: Conn<'_>, filter: &AuditFilter, slice: PageBounds) -> Result<Vec<AuditRow>> {
    on!(conn, |c| {
        bind_filter!(sqlx::query_as(LIST), filter).bind(slice.limit).bind(slice.offset).fetch_all(c).await
    })
}

/// An event, and the names of its token and of the host or account that it was done to.
#[derive(Clone, Debug, FromRow)]
pub struct NamedRow {
    /// The event.
    #[sqlx(flatten)]
    pub event: AuditRow,
    /// What the token is called that it was done to, or else with.
    pub token_name: Option<String>,
    /// What the host or the account is called that it was done to, if it is still there.
    pub target_name: Option<String>,
}

/// An account's events, newest first. Names of other people's tokens only with `others`.
pub async fn list_named(conn: Conn<'_>, account_id: Uuid, others: bool, slice: PageBounds) -> Result<Vec<NamedRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT e.*, t.name AS token_name, COALESCE(h.friendly_name, h.hostname, a.username) AS target_name \
             FROM audit_events e \
             LEFT JOIN api_tokens t ON t.id = CASE WHEN e.action LIKE 'token.%' THEN e.target_id ELSE e.token_id END \
             AND (t.account_id = e.actor_id OR $2) \
             LEFT JOIN hosts h ON h.id = e.target_id AND e.action LIKE 'host.%' \
             LEFT JOIN accounts a ON a.id = e.target_id \
             AND (e.action LIKE 'account.%' OR e.action = 'invitation.create') \
             WHERE e.actor_id = $1 ORDER BY e.at DESC, e.id DESC LIMIT $3 OFFSET $4",
        )
        .bind(account_id)
        .bind(others)
        .bind(slice.limit)
        .bind(slice.offset)
        .fetch_all(c)
        .await
    })
}

/// The first events after a place that pass the filter, oldest first. A place is an instant and an id.
pub async fn list_after(
    conn: Conn<'_>,
    filter: &AuditFilter,
    (at, id): (i64, Uuid),
    limit: i64,
) -> Result<Vec<AuditRow>> {
    on!(conn, |c| {
        let query = bind_filter!(sqlx::query_as(LIST_AFTER), filter);
        query.bind(at).bind(id).bind(limit).fetch_all(c).await
    })
}
