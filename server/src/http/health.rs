//! Whether the process lives, and whether it can do its work: two questions that orchestrators ask for different ends.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};

use crate::{
    error::{Error, Failure},
    state::App,
};

/// The process answers.
pub async fn is_alive() -> &'static str {
    "alive\n"
}

/// The database takes writes, and what runs in the background runs.
pub async fn is_ready(State(app): State<App>) -> Result<&'static str, Response> {
    if let Some(task) = app.tasks.first_down() {
        let cause = format!("the background task {task} is down").into();
        let mut response = Error::Unavailable(Arc::clone(&cause)).into_response();
        // No outage of the database: it would end with the database's next answer.
        response.extensions_mut().insert(Failure { cause, is_outage: false });
        return Err(response);
    }
    app.readiness
        .find_out(&app.store, app.clock.now().0)
        .await
        .map_err(|cause| Error::Unavailable(cause).into_response())?;
    Ok("ready\n")
}
