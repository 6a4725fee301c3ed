//! Handlers for hosts and their event stream.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::broadcast::error::RecvError;
use uptrakit_api::{Host, HostId, HostQuery, HostReport, Page, UpdateHost};
use uptrakit_core::{
    auth::authorized::{Authorized, HostsRead, HostsReport, HostsWrite},
    domain::{feed::HostChange, hosts},
};

use crate::{
    App,
    http::{
        answer::Data,
        body::{Id, Json, Query},
        layer::cut_off::Streaming,
        problem::ErrorResponse,
    },
};

/// List hosts
#[utoipa::path(get, path = "/hosts", tag = "hosts", params(HostQuery), responses((status = 200, body = Page<Host>)))]
pub async fn list_hosts(
    State(app): State<App>,
    actor: Authorized<HostsRead>,
    Query(query): Query<HostQuery>,
) -> Result<Data<Page<Host>>, ErrorResponse> {
    Ok(Data(hosts::list(&app, &actor, &query).await?))
}

/// Get a host
#[utoipa::path(get, path = "/hosts/{id}", tag = "hosts", params(("id" = HostId, Path)), responses((status = 200, body = Host)))]
pub async fn get_host(
    State(app): State<App>,
    actor: Authorized<HostsRead>,
    Id(id): Id<HostId>,
) -> Result<Data<Host>, ErrorResponse> {
    Ok(Data(hosts::get(&app, &actor, id).await?))
}

/// This warning goes to a machine whose id another machine reports under as well. A header is ASCII.
const SHARED_MACHINE_ID: &str = "Another machine reports under the same machine id, so that both are shown as one host \
    and overwrite each other; give one of them an id of its own.";

/// Report the state of a machine
///
/// The first report of a machine is answered with 201, later reports with 200.
#[utoipa::path(
    post, path = "/hosts/report", tag = "hosts", request_body = HostReport,
    responses(
        (status = 200, body = Host, headers(("Uptrakit-Warning" = String, description = "A sentence for people, where something is wrong with the report that was taken"))),
        (status = 201, body = Host)
    )
)]
pub async fn report_host(
    State(app): State<App>,
    actor: Authorized<HostsReport>,
    Json(request): Json<HostReport>,
) -> Result<Response, ErrorResponse> {
    let (host, is_new) = hosts::report(&app, &actor, &request).await?;
    let is_shared = host.shared_machine_id_at.is_some();
    let mut response = (if is_new { StatusCode::CREATED } else { StatusCode::OK }, Data(host)).into_response();
    if is_shared {
        let warning = HeaderValue::from_static(SHARED_MACHINE_ID);
        response.headers_mut().insert(HeaderName::from_static(uptrakit_api::header::WARNING), warning);
    }
    Ok(response)
}

/// Set or clear a host's friendly name
#[utoipa::path(
    patch, path = "/hosts/{id}", tag = "hosts", params(("id" = HostId, Path)), request_body = UpdateHost,
    responses((status = 200, body = Host))
)]
pub async fn update_host(
    State(app): State<App>,
    actor: Authorized<HostsWrite>,
    Id(id): Id<HostId>,
    Json(request): Json<UpdateHost>,
) -> Result<Data<Host>, ErrorResponse> {
    Ok(Data(hosts::update(&app, &actor, id, request).await?))
}

/// Delete a host
#[utoipa::path(delete, path = "/hosts/{id}", tag = "hosts", params(("id" = HostId, Path)), responses((status = 204)))]
pub async fn delete_host(
    State(app): State<App>,
    actor: Authorized<HostsWrite>,
    Id(id): Id<HostId>,
) -> Result<StatusCode, ErrorResponse> {
    hosts::delete(&app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follow changes of hosts as server-sent events
///
/// A `host` event carries the host, a `host-deleted` event its id. A comment and a `ping` event are sent every 15
/// seconds.
#[utoipa::path(
    get, path = "/hosts/events", tag = "hosts",
    responses((status = 200, content_type = "text/event-stream", description = "Server-sent events", body = String))
)]
pub async fn follow_hosts(State(app): State<App>, actor: Authorized<HostsRead>) -> Response {
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15)).event(alive("still here"));
    let mut response = Sse::new(events(app, &actor)).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    // nginx, and load balancers built on it, buffer a response until 4 kB have come, unless this header turns that off.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    // A proxy that compresses may buffer what it compresses; `no-transform` asks it not to (RFC 9111, section 5.2.2.6).
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response.extensions_mut().insert(Streaming::Endless);
    response
}

/// Builds a comment with an event beside it: a page can't see comments, but has to notice when no data reaches it. A
/// browser does not dispatch an event without data.
fn alive(comment: &str) -> Event {
    Event::default().comment(comment).event("ping").data("{}")
}

/// The stream ends when the server stops, or when the client has fallen too far behind to receive every change. The
/// client then reconnects and reads the list.
fn events(app: App, actor: &Authorized<HostsRead>) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let changes = app.feed.follow(actor);
    // Some proxies pass the head on with the first bytes of the body; without them a client would wait for it until a
    // change.
    let greeting = stream::once(async { Ok(alive("following")) });
    let events = stream::unfold((changes, app), |(mut changes, app)| async move {
        let change = tokio::select! {
            change = changes.recv() => change,
            () = app.stopping.cancelled() => Err(RecvError::Closed),
        };
        let event = match change.ok()? {
            HostChange::Changed(host) => Event::default().event("host").json_data(&*host),
            HostChange::Removed(id) => {
                Event::default().event("host-deleted").json_data(serde_json::json!({ "id": id }))
            }
        };
        Some((Ok(event.ok()?), (changes, app)))
    });
    futures_util::StreamExt::chain(greeting, events)
}
