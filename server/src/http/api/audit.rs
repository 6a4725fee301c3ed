//! The audit trail.

use axum::{Json as Reply, extract::State};
use uptrakit_api::{AuditEvent, AuditQuery, Page};

use crate::{
    auth::caller::{AnyCredential, AuditRead, Caller},
    domain::trail,
    error::Error,
    http::body::Query,
    state::App,
};

/// Everybody's events, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditEvent>)))]
pub async fn list_events(
    State(app): State<App>,
    _: Caller<AuditRead>,
    Query(query): Query<AuditQuery>,
) -> Result<Reply<Page<AuditEvent>>, Error> {
    Ok(Reply(trail::list(&app, &query, None).await?))
}

/// The caller's own events, newest first.
#[utoipa::path(get, path = "/auth/me/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditEvent>)))]
pub async fn list_own_events(
    State(app): State<App>,
    Caller(actor, _): Caller<AnyCredential>,
    Query(query): Query<AuditQuery>,
) -> Result<Reply<Page<AuditEvent>>, Error> {
    Ok(Reply(trail::list(&app, &query, Some(actor.account_id())).await?))
}
