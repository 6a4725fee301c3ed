//! `openapi`: prints the description of the API.

use uptrakit_server::http;

use super::terminal::say;

pub fn print() -> anyhow::Result<()> {
    let document = serde_json::to_string_pretty(&http::openapi::document())?;
    say(format_args!("{document}"))?;
    Ok(())
}
