//! Whether the process lives, and whether it can do its work: two questions that orchestrators ask for different ends.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use uptrakit_core::error::{Error, Failure};

use crate::{App, http::problem::ErrorResponse};

/// The process answers.
pub async fn is_alive() -> &'static str {
    "alive\n"
}

/// Credentials can be judged, the database takes writes, and what runs in the background runs.
pub async fn is_ready(State(app): State<App>) -> Result<&'static str, Response> {
    if let Some(task) = app.tasks.first_down() {
        let cause = format!("the background task {task} is down").into();
        let mut response = ErrorResponse(Error::Unavailable(Arc::clone(&cause))).into_response();
        // No outage of the database: it would end with the database's next answer.
        response.extensions_mut().insert(Failure { cause, is_outage: false });
        return Err(response);
    }
    app.probe_reads().await.map_err(unavailable)?;
    app.probe_writes().await.map_err(unavailable)?;
    Ok("ready\n")
}

/// Credentials can be judged. For load balancers: a server whose database takes no writes for a while, as with a
/// synchronous standby that restarts, still answers whatever only reads.
pub async fn is_ready_for_reads(State(app): State<App>) -> Result<&'static str, Response> {
    app.probe_reads().await.map_err(unavailable)?;
    Ok("ready for reads\n")
}

fn unavailable(cause: Arc<str>) -> Response {
    ErrorResponse(Error::Unavailable(cause)).into_response()
}
