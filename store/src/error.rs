//! The error of database calls: the driver's error in plain words, and the decision whether another attempt can help.

use std::{fmt, io};

pub(super) const TRANSACTION_POOLER: &str = "a pooler lends the connections out per transaction (PgBouncer: pool_mode = transaction or statement), and settings, \
     prepared statements and LISTEN need a session of their own; set pool_mode = session for this database, or connect \
     without the pooler";

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
    pub fn is_damage(&self) -> bool {
        is_damage(&self.0)
    }

    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(&self.0, sqlx::Error::Database(error) if error.is_unique_violation())
    }

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

/// Fails where a statement has changed no row, though the row that it names must be there. A change that has changed
/// nothing must not be acknowledged.
pub(super) const fn require_row(changed: u64) -> sqlx::Result<()> {
    if changed == 0 { Err(sqlx::Error::RowNotFound) } else { Ok(()) }
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
        // Only a row that must be there is missed in this way, such as one that the migrations make.
        sqlx::Error::RowNotFound
        // `session::replica` refuses a replica with `Configuration` while a connection is opened.
        | sqlx::Error::Io(_)
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

/// A right, a table or a schema that is missing counts as an outage, because the operator has taken it away: the
/// migrations made it, and a restore may be under way that drops and makes tables. So does a prepared statement that is
/// missing, or that is there already, because a pooler has exchanged sessions.
fn is_outage_state(state: &str) -> bool {
    ["08", "40", "53", "57", "58"].iter().any(|class| state.starts_with(class))
        || matches!(state, "25006" | "25P03" | "55P03" | "42501" | "42P01" | "3F000" | "26000" | "42P05")
}

/// The low byte of the code is its kind. These are no permission, busy, locked, read-only, I/O error, damaged, full,
/// can't open, locking protocol, not authorized, and not a database.
const fn is_sqlite_outage(code: i32) -> bool {
    matches!(code & 0xff, 3 | 5 | 6 | 8 | 10 | 11 | 13 | 14 | 15 | 23 | 26)
}

fn is_damage(error: &sqlx::Error) -> bool {
    matches!(sqlite_code(error), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
}

pub(super) const SQLITE_CORRUPT: i32 = 11;
pub(super) const SQLITE_NOTADB: i32 = 26;

pub(super) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let code: i32 = sqlx::error::DatabaseError::code(error)?.parse().ok()?;
    Some(code & 0xff)
}

pub(super) fn message(error: &sqlx::Error) -> &str {
    error.as_database_error().map_or("", sqlx::error::DatabaseError::message)
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
        sqlx::Error::Database(_) if is_of_transaction_pooler(error) => TRANSACTION_POOLER.into(),
        sqlx::Error::Database(_) if is_damage(error) => format!("{}; restore a backup", message(error)),
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Protocol(text) if is_end(text) => "the connection is closed without an answer".into(),
        sqlx::Error::Protocol(_) => "what answers there is not Postgres".into(),
        sqlx::Error::RowNotFound => {
            "a row that the database must have is missing, such as that of the epoch; restore a backup".into()
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

/// Returns true for an error that a pooler causes which lends connections out per transaction or per statement: the
/// latter refuses transactions, and prepared statements are those of another session.
pub(super) fn is_of_transaction_pooler(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| match error.code().as_deref() {
        // invalid_sql_statement_name, duplicate_prepared_statement
        Some("26000" | "42P05") => true,
        // protocol_violation: a statement of this name is there, and has other parameters.
        Some("08P01") if error.message().contains("prepared statement") => true,
        _ => error.message().contains("statement pooling"),
    })
}

#[cfg(test)]
mod tests {
    use super::{is_outage, is_outage_state, is_sqlite_outage};

    #[test]
    fn a_database_that_cannot_answer_is_told_from_a_mistake() {
        use sqlx::Error::{ColumnNotFound, PoolClosed, PoolTimedOut, RowNotFound};
        for outage in [PoolTimedOut, PoolClosed, RowNotFound, std::io::Error::other("x").into()] {
            assert!(is_outage(&outage), "{outage}");
        }
        assert!(!is_outage(&ColumnNotFound("x".into())));
        assert!(["08006", "53300", "57014", "57P01", "40001", "25006", "55P03"].into_iter().all(is_outage_state));
        assert!(["42501", "42P01", "3F000", "26000", "42P05"].into_iter().all(is_outage_state));
        assert!(!["23505", "42601", "42703", "22003", "25001"].into_iter().any(is_outage_state));
        assert!([5, 261, 6, 8, 1_032, 10, 4_618, 11, 267, 13, 26].into_iter().all(is_sqlite_outage));
        assert!(![1, 19, 2_067, 20].into_iter().any(is_sqlite_outage));
    }
}
