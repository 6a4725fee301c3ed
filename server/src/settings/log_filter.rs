//! Which lines go to the log. A mistyped level is rejected here, because `tracing` accepts it and then logs nothing.

use tracing_subscriber::EnvFilter;

use super::error::{InvalidSetting, invalid};

/// The default filter. At every start Postgres sends a notice for each object that exists already; it is not logged.
pub const DEFAULT: &str = "info,sqlx::postgres::notice=warn";

/// `tracing` reads a lone word that is no level as a target of which everything is logged. Such a setting is a mistyped
/// level, and would log nothing of the server at all.
pub fn checked(log: String) -> Result<String, InvalidSetting> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_filter = |part: &str| {
        part.is_empty() || part.contains(['=', '[']) || LEVELS.contains(&part.to_ascii_lowercase().as_str())
    };
    if log.split(',').map(str::trim).all(is_filter) {
        // The words of the library would repeat themselves.
        return match EnvFilter::try_new(&log) {
            Ok(_) => Ok(log),
            Err(_) => Err(invalid("log", &log, "is no filter, such as info or uptrakit=debug")),
        };
    }
    Err(invalid("log", &log, "has a part that is no level; say info, debug or uptrakit=debug"))
}
