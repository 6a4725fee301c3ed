//! SQL for the audit log. The event of a change is added in the transaction of the change. Events are never changed.

use sqlx::FromRow;

use crate::Result;
use uptrakit_api::{AccountId, EventId, Timestamp, TokenId};
use uuid::Uuid;

use super::{Conn, PageBounds, Transaction, on};

#[derive(Clone, Debug, FromRow)]
pub struct AuditRow {
    pub id: EventId,
    pub at: Timestamp,
    pub action: String,
    pub actor_id: Option<AccountId>,
    pub token_id: Option<TokenId>,
    pub target_id: Option<Uuid>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub outcome: String,
}

/// Restrictions of a list of events. `None` restricts nothing; `since` is inclusive and `until` is exclusive.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub action: Option<String>,
    pub actor_id: Option<AccountId>,
    /// Selects the events in which the token was presented, and those that were about it.
    pub token_id: Option<TokenId>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

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
            .bind($filter.actor_id.unwrap_or(AccountId::NIL))
            .bind($filter.token_id.is_none())
            .bind($filter.token_id.unwrap_or(TokenId::NIL))
    };
}

pub async fn find_newest_at(conn: Conn<'_>) -> Result<Option<Timestamp>> {
    on!(conn, |c| sqlx::query_scalar("SELECT MAX(at) FROM audit_events").fetch_one(c).await)
}

pub async fn count(conn: Conn<'_>, filter: &AuditFilter) -> Result<i64> {
    on!(conn, |c| bind_filter!(sqlx::query_scalar(COUNT), filter).fetch_one(c).await)
}

pub async fn list(conn: Conn<'_>, filter: &AuditFilter, slice: PageBounds) -> Result<Vec<AuditRow>> {
    on!(conn, |c| {
        bind_filter!(sqlx::query_as(LIST), filter).bind(slice.limit).bind(slice.offset).fetch_all(c).await
    })
}

#[derive(Clone, Debug, FromRow)]
pub struct NamedRow {
    #[sqlx(flatten)]
    pub event: AuditRow,
    /// Name of the token that the event was about, or else of the token or application that was presented.
    pub token_name: Option<String>,
    /// Name of the host, account or application that the event was about; null when it was about none of them, or when
    /// that was deleted.
    pub target_name: Option<String>,
}

/// Returns the events of the account and the time that the filter names, newest first. Names of other accounts' tokens
/// are left out unless `others` is true.
pub async fn list_named(
    conn: Conn<'_>,
    filter: &AuditFilter,
    others: bool,
    slice: PageBounds,
) -> Result<Vec<NamedRow>> {
    on!(conn, |c| {
        sqlx::query_as(
            "SELECT e.*, COALESCE(t.name, pg.name) AS token_name, \
             COALESCE(h.friendly_name, h.hostname, a.username, pt.name) AS target_name FROM audit_events e \
             LEFT JOIN api_tokens t ON t.id = CASE WHEN e.action LIKE 'token.%' THEN e.target_id ELSE e.token_id END \
             AND (t.account_id = e.actor_id OR $2) \
             LEFT JOIN hosts h ON h.id = e.target_id AND e.action LIKE 'host.%' \
             LEFT JOIN accounts a ON a.id = e.target_id \
             AND (e.action LIKE 'account.%' OR e.action = 'invitation.create') \
             LEFT JOIN oauth_grants g ON g.id = e.token_id AND g.account_id = e.actor_id \
             LEFT JOIN oauth_applications pg ON pg.id = g.application_id \
             LEFT JOIN oauth_grants gt ON gt.id = e.target_id AND (gt.account_id = e.actor_id OR $2) \
             LEFT JOIN oauth_applications pt ON pt.id = COALESCE(gt.application_id, e.target_id) \
             WHERE e.actor_id = $1 AND (CAST($5 AS BIGINT) IS NULL OR e.at >= $5) \
             AND (CAST($6 AS BIGINT) IS NULL OR e.at < $6) ORDER BY e.at DESC, e.id DESC LIMIT $3 OFFSET $4",
        )
        .bind(filter.actor_id)
        .bind(others)
        .bind(slice.limit)
        .bind(slice.offset)
        .bind(filter.since)
        .bind(filter.until)
        .fetch_all(c)
        .await
    })
}

/// Returns the first events after a position that pass the filter, oldest first. A position is the instant and the id
/// of an event.
pub async fn list_after(
    conn: Conn<'_>,
    filter: &AuditFilter,
    (at, id): (Timestamp, EventId),
    limit: i64,
) -> Result<Vec<AuditRow>> {
    on!(conn, |c| {
        let query = bind_filter!(sqlx::query_as(LIST_AFTER), filter);
        query.bind(at).bind(id).bind(limit).fetch_all(c).await
    })
}
