//! The error of database calls: the driver's error in plain words, and the decision whether another attempt can help.

use std::{fmt, io};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug)]
pub struct Error(pub(crate) sqlx::Error);

impl Error {
    /// Returns true when the database can't answer now, so that another attempt can help. Every other error is a
    /// mistake of the program.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        is_outage(&self.0)
    }

    /// Returns the driver's own words for the log, which say more about a mistake of the program than the plain words
    /// do.
    #[must_use]
    pub fn detail(&self) -> String {
        match &self.0 {
            error @ sqlx::Error::RowNotFound => plain(error),
            error => error.to_string(),
        }
    }

    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(&self.0, sqlx::Error::Database(error) if error.is_unique_violation())
    }

    /// Returns true when a row names another one that does not exist, or no longer.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        matches!(&self.0, sqlx::Error::Database(error) if error.is_foreign_key_violation())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.0))
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self(error.into())
    }
}

fn is_outage(error: &sqlx::Error) -> bool {
    use sqlx::{
        postgres::{PgDatabaseError, PgSeverity},
        sqlite::SqliteError,
    };
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            if let Some(postgres) = error.try_downcast_ref::<PgDatabaseError>() {
                // FATAL ends or refuses the session, whatever the code is. Besides the classes of outages, these count
                // as one: a transaction that was rolled back in favour of another, a lock that was not granted in time,
                // and a read-only server.
                matches!(postgres.severity(), PgSeverity::Fatal | PgSeverity::Panic) || is_outage_state(&code)
            } else if error.try_downcast_ref::<SqliteError>().is_some() {
                code.parse().is_ok_and(is_sqlite_outage)
            } else {
                false
            }
        }
        // `session::replica` refuses a replica with `Configuration` while a connection is opened.
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Configuration(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        _ => false,
    }
}

fn is_outage_state(state: &str) -> bool {
    ["08", "40", "53", "57", "58"].iter().any(|class| state.starts_with(class))
        || matches!(state, "25006" | "25P03" | "55P03")
}

/// The low byte of the code is its kind. These are busy, locked, read-only, I/O error, full, can't open and locking
/// protocol.
const fn is_sqlite_outage(code: i32) -> bool {
    matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14 | 15)
}

pub fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => plain_io(error),
        sqlx::Error::Configuration(error) | sqlx::Error::Tls(error) => plain_tls(&error.to_string()),
        // too_many_connections
        sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "53300") => format!(
            "{}; raise the limit of the role or the database (CONNECTION LIMIT), of the server (max_connections) or of \
             the pooler, or lower database_connections",
            error.message()
        ),
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Protocol(text) if is_end(text) => "the connection is closed without an answer".into(),
        sqlx::Error::Protocol(_) => "what answers there is not Postgres".into(),
        // Only rows that the migrations make are read in this way.
        sqlx::Error::RowNotFound => {
            "a row that every database of Uptrakit has is missing, such as that of the epoch; restore a backup".into()
        }
        sqlx::Error::PoolTimedOut => "no connection of this server's pool was free in time".into(),
        other => other.to_string(),
    }
}

/// Returns the words of an I/O error, without the number of the system's error.
pub fn plain_io(error: &io::Error) -> String {
    let text = error.to_string();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        // The standard library has no kind for a host name that can't be resolved.
        _ if text.starts_with("failed to lookup address information") => "the host name can't be resolved".into(),
        _ if is_no_tls(&text) => "what answers there is not Postgres".into(),
        _ => plain_tls(text.split(" (os error").next().unwrap_or(&text)),
    }
}

/// Returns true where the connection ends in place of the answer to its first message, which the driver takes for an
/// answer of zero.
pub(super) fn is_end(text: &str) -> bool {
    text.contains("SSLRequest: 0x00")
}

/// Returns true where the first bytes of the other side are no TLS. A program may answer `S` to the first message of a
/// client and not mean that it agrees to TLS, as an SSH server does.
pub(super) fn is_no_tls(text: &str) -> bool {
    text.contains("received corrupt message")
}

/// Describes a refused certificate, because the TLS library gives most causes by its own identifiers alone.
fn plain_tls(text: &str) -> String {
    const CAUSES: [(&str, &str); 5] = [
        ("UnknownIssuer", "was issued by an authority that is not known here; name its certificate in sslrootcert"),
        ("CaUsedAsEndEntity", "is that of an authority, and not a server's; have it issue one for the server"),
        ("Expired", "has expired"),
        ("NotValidYet", "is not valid yet; look at the clock of this machine"),
        ("not valid for", "is for another name; use that name in database_url, or have one issued for this one"),
    ];
    let Some(cause) = text.strip_prefix("invalid peer certificate: ") else { return text.to_owned() };
    let known = CAUSES.iter().find(|(name, _)| cause.contains(name));
    let why = known.map_or("can't be trusted; see what `psql` says with the same sslmode", |(_, why)| why);
    format!("the server's certificate {why}")
}

#[cfg(test)]
mod tests {
    use super::{is_outage, is_outage_state, is_sqlite_outage};

    #[test]
    fn a_database_that_cannot_answer_is_told_from_a_mistake() {
        for outage in [sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed, std::io::Error::other("x").into()] {
            assert!(is_outage(&outage), "{outage}");
        }
        for mistake in [sqlx::Error::RowNotFound, sqlx::Error::ColumnNotFound("x".into())] {
            assert!(!is_outage(&mistake), "{mistake}");
        }
        assert!(["08006", "53300", "57014", "57P01", "40001", "25006", "55P03"].into_iter().all(is_outage_state));
        assert!(!["23505", "42601", "42P01", "22003", "25001"].into_iter().any(is_outage_state));
        assert!([5, 261, 6, 8, 1_032, 10, 4_618, 13].into_iter().all(is_sqlite_outage));
        assert!(![1, 11, 19, 2_067, 20].into_iter().any(is_sqlite_outage));
    }
}
