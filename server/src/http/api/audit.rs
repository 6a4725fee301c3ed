//! Handlers for audit events.

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt as _, stream};
use http::header;
use uptrakit_api::{AuditEvent, AuditExportQuery, AuditQuery, Page};
use uptrakit_core::{
    auth::authorized::{AnyCredential, AuditRead, Authorized},
    domain::audit::{self, Export},
    error::Error,
};

use crate::{
    App,
    http::{
        answer::{Data, compressible},
        body::Query,
        layer::cut_off::Streaming,
        problem::ErrorResponse,
    },
};

/// List the audit events of all accounts, newest first
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditEvent>)))]
pub async fn list_events(
    State(app): State<App>,
    actor: Authorized<AuditRead>,
    Query(query): Query<AuditQuery>,
) -> Result<Data<Page<AuditEvent>>, ErrorResponse> {
    Ok(Data(audit::list(&app, &actor, &query).await?))
}

/// List the caller's own audit events, newest first
#[utoipa::path(get, path = "/auth/me/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditEvent>)))]
pub async fn list_own_events(
    State(app): State<App>,
    actor: Authorized<AnyCredential>,
    Query(query): Query<AuditQuery>,
) -> Result<Data<Page<AuditEvent>>, ErrorResponse> {
    Ok(Data(audit::list_own(&app, &actor, &query).await?))
}

/// Export the audit events of all accounts up to now as JSON lines, oldest first
///
/// A response that breaks off is incomplete.
#[utoipa::path(
    get, path = "/audit/export", tag = "audit", params(AuditExportQuery),
    responses((status = 200, content_type = "application/x-ndjson", description = "One event per line", body = AuditEvent))
)]
pub async fn export_events(
    State(app): State<App>,
    actor: Authorized<AuditRead>,
    Query(query): Query<AuditExportQuery>,
) -> Result<Response, ErrorResponse> {
    let mut export = Export::new(&app, &actor, &query.into()).await?;
    // The first part is read before the answer begins: a database that can't answer then causes a 503, not an answer
    // that breaks off.
    let first = lines(&export.next(&app).await?.unwrap_or_default())?;
    let body = Body::from_stream(stream::once(async { Ok(first) }).chain(rest(app, export)));
    let mut response = compressible(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response());
    response.extensions_mut().insert(Streaming::Whole);
    Ok(response)
}

fn rest(app: App, export: Export) -> impl Stream<Item = Result<Bytes, Broken>> {
    stream::try_unfold((app, export), |(app, mut export)| async move {
        let next = async { export.next(&app).await?.map(|events| lines(&events)).transpose() }.await;
        let next = next.map_err(|ErrorResponse(error)| {
            if let Some(failure) = error.failure() {
                tracing::error!(cause = %failure.cause, "an export broke off");
            }
            Broken(error.problem().detail)
        })?;
        Ok(next.map(|part| (part, (app, export))))
    })
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

fn lines(events: &[AuditEvent]) -> Result<Bytes, ErrorResponse> {
    let mut text = Vec::with_capacity(events.len() * 320);
    for event in events {
        serde_json::to_writer(&mut text, event).map_err(|error| Error::Internal(error.into()))?;
        text.push(b'\n');
    }
    Ok(text.into())
}
