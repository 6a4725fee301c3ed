//! Where a database is, told without its password.

use std::str::FromStr as _;

use sqlx::{postgres::PgConnectOptions, sqlite::SqliteConnectOptions};

/// The place that a database URL names, as `SQLite /srv/uptrakit.db` or `Postgres 10.0.0.7:5432/uptrakit as uptrakit`.
#[must_use]
pub fn place(url: &str) -> String {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url);
        return options
            .map_or_else(|_| "SQLite".to_owned(), |options| format!("SQLite {}", options.get_filename().display()));
    }
    let Ok(options) = PgConnectOptions::from_str(url) else { return "Postgres".to_owned() };
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let user = options.get_username();
    format!("Postgres {host}:{}/{} as {user}", options.get_port(), options.get_database().unwrap_or(user))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_has_no_password() {
        assert_eq!(place("sqlite:///srv/my%20data.db?mode=rwc"), "SQLite /srv/my data.db");
        let expected = "Postgres db.example.org:5433/uptrakit as ada";
        for url in [
            "postgres://ada:opensesame@db.example.org:5433/uptrakit",
            "postgresql://ada:open%2Fsesame@db.example.org:5433/uptrakit?sslmode=require",
            "postgres://db.example.org:5433/uptrakit?user=ada&password=opensesame",
        ] {
            assert_eq!(place(url), expected);
        }
        assert_eq!(place("postgres://ada:opensesame@:::/"), "Postgres");
    }
}
