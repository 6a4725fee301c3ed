//! Answers health checks: the process is alive, and it can do its work. Orchestrators use the two answers for different
//! purposes.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use uptrakit_core::error::{Error, Failure};

use crate::{App, http::problem::ErrorResponse};

pub async fn is_alive() -> &'static str {
    "alive\n"
}

/// The server is ready when credentials can be checked, the database takes writes, and all background tasks run.
pub async fn is_ready(State(app): State<App>) -> Result<&'static str, Response> {
    if let Some(task) = app.tasks.first_down() {
        let cause: Arc<str> = format!("the background task {task} is down").into();
        let mut response = ErrorResponse(Error::Unavailable((&*cause).into())).into_response();
        // A task that is down is no outage of the database, which would end with the database's next answer.
        response.extensions_mut().insert(Failure { cause, is_outage: false });
        return Err(response);
    }
    app.probe_database().await.map_err(|cause| unavailable(&cause))?;
    Ok("ready\n")
}

/// The server is ready for reads when credentials can be checked. This check is for load balancers: a server whose
/// database takes no writes for a while, as with a synchronous standby that restarts, still answers requests that only
/// read.
pub async fn is_ready_for_reads(State(app): State<App>) -> Result<&'static str, Response> {
    app.probe_reads().await.map_err(|cause| unavailable(&cause))?;
    Ok("ready for reads\n")
}

fn unavailable(cause: &str) -> Response {
    ErrorResponse(Error::Unavailable(cause.into())).into_response()
}
