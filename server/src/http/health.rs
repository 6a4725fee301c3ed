//! Whether the process lives, and whether it can do its work: two questions that orchestrators ask for different ends.

use axum::extract::State;

use crate::{error::Error, state::App};

/// The process answers.
pub async fn is_alive() -> &'static str {
    "alive\n"
}

/// The database takes writes.
pub async fn is_ready(State(app): State<App>) -> Result<&'static str, Error> {
    app.readiness.find_out(&app.store, app.clock.now().0).await.map_err(Error::Unavailable)?;
    Ok("ready\n")
}
