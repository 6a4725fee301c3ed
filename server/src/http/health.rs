//! Whether the process lives, and whether it can do its work: two questions that orchestrators ask for different ends.

use axum::extract::State;

use crate::{error::Error, state::App};

/// The process answers.
pub async fn is_alive() -> &'static str {
    "alive\n"
}

/// The database takes writes.
pub async fn is_ready(State(app): State<App>) -> Result<&'static str, Error> {
    let probe = app.store.probe(app.clock.now().0);
    match tokio::time::timeout(std::time::Duration::from_secs(3), probe).await {
        Ok(outcome) => outcome?,
        Err(_) => return Err(Error::Unavailable("the database did not answer in time".into())),
    }
    Ok("ready\n")
}
