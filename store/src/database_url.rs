//! Checks the URL of the database, and refuses parts of it that the drivers would ignore.

use std::{io, str::FromStr as _};

use sqlx::{
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::SqliteConnectOptions,
};

use super::error::{is_end, is_no_tls, plain, plain_io};

/// The parameters that sqlx 0.9 reads from a Postgres URL (`options/parse.rs`), with the names of one parameter in one
/// row. sqlx ignores all others with a warning.
const POSTGRES_PARAMETERS: [&[&str]; 12] = [
    &["sslmode", "ssl-mode"],
    &["sslrootcert", "ssl-root-cert", "ssl-ca"],
    &["sslcert", "ssl-cert"],
    &["sslkey", "ssl-key"],
    &["statement-cache-capacity"],
    &["host", "hostaddr"],
    &["port"],
    &["dbname"],
    &["user"],
    &["password"],
    &["application_name"],
    &["options"],
];

pub(super) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// Refuses a URL that the driver can't read, or would read only in part. The message contains no password.
pub fn check(url: &str) -> Result<(), String> {
    if is_postgres(url) {
        check_postgres(url)
    } else if url.starts_with("sqlite:") {
        check_sqlite(url)
    } else {
        Err("it must begin with sqlite: or postgres:".into())
    }
}

const SEVERAL_HOSTS: &str = "it names several hosts; name one, the address that always leads to the primary, such as that of a proxy in \
     front of them";

/// Variables by which libpq is told which server to trust, and which sqlx 0.9 ignores (`options/mod.rs`).
const IGNORED_VARIABLES: [&str; 11] = [
    "PGCHANNELBINDING",
    "PGREQUIREAUTH",
    "PGREQUIREPEER",
    "PGREQUIRESSL",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLMAXPROTOCOLVERSION",
    "PGSSLMINPROTOCOLVERSION",
    "PGTARGETSESSIONATTRS",
];

/// Refuses variables of libpq that would be ignored, though a person who sets them relies on them. `value_of` reads a
/// variable.
fn check_variables(value_of: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let is_set = |name: &&&str| value_of(name).is_some_and(|value| !value.is_empty());
    if value_of("PGHOST").is_some_and(|host| host.contains(',')) {
        return Err(format!("the variable PGHOST is set, and {SEVERAL_HOSTS}"));
    }
    if let Some(name) = IGNORED_VARIABLES.iter().find(is_set) {
        return Err(format!("the variable {name} is set and would be ignored; unset it"));
    }
    Ok(())
}

fn check_postgres(url: &str) -> Result<(), String> {
    check_variables(|name| std::env::var(name).ok())?;
    if url.contains('#') {
        return Err("it has a #, after which nothing is read; write %23 for a # in a password".into());
    }
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    let (user, hosts) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
    if user.contains('/') {
        return Err("it has a / before the @; write %2F for a / in a password".into());
    }
    let hosts = hosts.split('/').next().unwrap_or_default();
    if hosts.contains(',') {
        return Err(SEVERAL_HOSTS.into());
    }
    let mut seen: Vec<&[&str]> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if matches!(&*name, "host" | "hostaddr" | "port") && value.contains(',') {
            return Err(SEVERAL_HOSTS.into());
        }
        if name.starts_with("options[") && name.ends_with(']') {
            continue;
        }
        let Some(known) = POSTGRES_PARAMETERS.iter().find(|names| names.contains(&&*name)) else {
            // With an `@` after the `?`, the name may be the end of a password that contains a `?`.
            let has_question_mark = query.contains('@');
            return Err(if has_question_mark {
                "it has a ? before the @; write %3F for a ? in a password".into()
            } else {
                format!("{}; leave it out", unsupported(&name))
            });
        };
        if seen.contains(known) {
            return Err(format!("it says more than once what its parameter {} is; say it once", known.join(" or ")));
        }
        seen.push(known);
        if known[0] == "host" && !hosts.is_empty() {
            return Err(format!("it names a host before its parameters and another one in {name}; name one of them"));
        }
        let modes = ["disable", "prefer", "require", "verify-ca", "verify-full"];
        if known[0] == "sslmode" && !modes.contains(&&*value) {
            // The driver treats `allow` as `disable`.
            return Err(format!("its {name} is none of {}", modes.join(", ")));
        }
    }
    if hosts.starts_with(':') || (hosts.is_empty() && address.contains('@')) {
        return Err("it has a user or a port and no host between them; for a socket write \
                    postgres:///DATABASE?host=/DIRECTORY&user=USER, or postgres://USER@%2FDIRECTORY/DATABASE"
            .into());
    }
    let has = |name: &str| seen.iter().any(|names| names[0] == name);
    if has("sslcert") != has("sslkey") {
        return Err("it has one of sslcert and sslkey; name both files, or none".into());
    }
    let options = PgConnectOptions::from_str(url).map_err(|error| format!("it can't be read: {}", plain(&error)))?;
    let verifies = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    if !verifies && has("sslrootcert") {
        return Err("it has a sslrootcert, which counts with sslmode=verify-full (or verify-ca) alone; add that".into());
    }
    Ok(())
}

fn unsupported(name: &str) -> String {
    let instead = match name {
        "target_session_attrs" => "with one host it says nothing, for a server that takes no writes is always refused",
        "passfile" => "name the file in the environment variable PGPASSFILE",
        "channel_binding" => "use sslmode=verify-full, which makes sure of the server",
        "connect_timeout" => "Uptrakit has limits of its own",
        _ => "the driver has no such function",
    };
    format!("its parameter {name} is not supported: {instead}")
}

fn check_sqlite(url: &str) -> Result<(), String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name != "mode" {
            return Err(format!("its parameter {name} is not supported; the only one for SQLite is mode"));
        }
        match &*value {
            "rw" | "rwc" => {}
            "ro" => return Err("its mode is ro, and Uptrakit writes to its database; leave the mode out".into()),
            _ => return Err("its mode is none of rw and rwc".into()),
        }
    }
    SqliteConnectOptions::from_str(url).map(drop).map_err(|error| format!("it can't be read: {}", plain(&error)))
}

pub(super) fn must_exist(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "mode" && value == "rw")
}

/// Describes the database that a URL names, for messages. The text contains no password.
#[must_use]
pub fn place(url: &str) -> String {
    if is_postgres(url) {
        postgres_options(url).map_or_else(|_| "Postgres".into(), |options| postgres_place(&options))
    } else {
        SqliteConnectOptions::from_str(url).map_or_else(
            |_| "SQLite".into(),
            |options| {
                let file = options.get_filename();
                format!("SQLite {}", std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).display())
            },
        )
    }
}

pub(super) fn postgres_options(url: &str) -> sqlx::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url)?;
    // The driver would pass an IPv6 address with its brackets to the name service.
    let address = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(str::to_owned);
    let options = match address {
        Some(address) => options.host(&address),
        None => options,
    };
    Ok(if options.get_application_name().is_none() { options.application_name("uptrakit-server") } else { options })
}

pub(super) fn postgres_place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("Postgres {}/{database} as {}", postgres_address(options), options.get_username())
}

fn postgres_address(options: &PgConnectOptions) -> String {
    let host = options.get_host();
    let host = match socket(options) {
        Some(socket) => socket,
        None if host.contains(':') => format!("[{host}]"),
        None => host.to_owned(),
    };
    format!("{host}:{}", options.get_port())
}

fn socket(options: &PgConnectOptions) -> Option<String> {
    let host = options.get_host();
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    socket.or_else(|| host.starts_with('/').then(|| host.to_owned()))
}

/// Refuses a URL that names a file which can't be read, because the driver would not say which file it is.
pub(super) fn check_files(url: &str) -> Result<(), String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let is_file = POSTGRES_PARAMETERS[1..4].iter().any(|names| names.contains(&&*name));
        // The driver also accepts the certificate itself in place of a file name.
        if is_file && !value.starts_with("-----BEGIN") {
            std::fs::read(&*value)
                .map_err(|error| format!("the file {value} of {name} can't be read: {}", plain_io(&error)))?;
        }
    }
    Ok(())
}

pub(super) fn cause(error: &sqlx::Error, options: &PgConnectOptions) -> String {
    let is_stranger = match error {
        sqlx::Error::Protocol(text) => !is_end(text),
        sqlx::Error::Io(error) => is_no_tls(&error.to_string()),
        _ => false,
    };
    if is_stranger {
        let address = postgres_address(options);
        return format!("what answers at {address} is not Postgres; see host and port in database_url");
    }
    match advice(error, options) {
        Some(advice) => format!("{}; {advice}", plain(error)),
        None => plain(error),
    }
}

fn advice(error: &sqlx::Error, options: &PgConnectOptions) -> Option<&'static str> {
    match error {
        sqlx::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => Some("see that Postgres runs there and listens on that address"),
            io::ErrorKind::NotFound if socket(options).is_some() => {
                Some("see that Postgres runs and that this is the directory of its socket")
            }
            io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Some("see that the address is right and that no firewall is between")
            }
            _ if plain_io(error).contains("can't be resolved") => {
                Some("see that the name is right, and that the name service of this machine answers")
            }
            _ => None,
        },
        sqlx::Error::Tls(_) if plain(error).contains("does not support TLS") => {
            Some("turn TLS on there (ssl = on), or say sslmode=disable where the network between is trusted")
        }
        sqlx::Error::Database(error) => match &*error.code().unwrap_or_default() {
            "28P01" => Some("see the password in database_url, PGPASSWORD or the file of PGPASSFILE"),
            "28000" => Some("see pg_hba.conf, or the rules of the pooler"),
            "3D000" => Some("make it with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"),
            // PgBouncer also sends this code, for everything that it refuses at the start of a session.
            "08P01" if error.message().contains("startup parameter") => {
                Some("leave options out of database_url, or have the pooler take them (ignore_startup_parameters)")
            }
            _ => None,
        },
        sqlx::Error::Protocol(_) => Some(
            "see that Postgres runs there, behind the proxy where there is one, and that the port is that of Postgres",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{check, check_variables, place, plain};

    #[test]
    fn variables_that_would_be_ignored_are_refused_by_name() {
        let with = |name: &'static str, value: &'static str| {
            check_variables(move |asked| (asked == name).then(|| value.to_owned()))
        };
        for name in ["PGCHANNELBINDING", "PGTARGETSESSIONATTRS", "PGSERVICE", "PGREQUIRESSL"] {
            assert!(with(name, "x").unwrap_err().contains(name));
            assert_eq!(with(name, ""), Ok(()));
        }
        assert_eq!(with("PGHOST", "db.example"), Ok(()));
        assert!(with("PGHOST", "127.0.0.1,10.0.0.1").unwrap_err().contains("several hosts"));
        assert_eq!(with("PGSSLMODE", "verify-full"), Ok(()));
    }

    #[test]
    fn a_url_of_which_the_driver_would_ignore_a_part_is_refused_by_name() {
        for (url, named) in [
            ("postgres://u:secret@a:5432,b:5433/up", "several hosts"),
            ("postgres://u:secret@a,b/up", "several hosts"),
            ("postgres://u:secret@/up?host=a,b", "several hosts"),
            ("postgres://u:secret@a/up?target_session_attrs=read-write", "target_session_attrs"),
            ("postgres://u:secret@a/up?passfile=/x", "PGPASSFILE"),
            ("postgres://u:secret@a/up?channel_binding=require", "channel_binding"),
            ("postgres://u:secret@a/up?connect_timeout=3", "connect_timeout"),
            ("postgres://u:secret@a/up?sslmode=verify-full&anything=1", "anything"),
            ("postgres://u:secret@a/up#x", "%23"),
            ("postgres://u:12?secret=1@a/up", "%3F"),
            ("postgres://u:12/secret@a/up", "%2F"),
            ("postgres://u:secret@a/up?sslmode=perhaps", "sslmode"),
            ("postgres://u:secret@a/up?sslmode=allow", "prefer"),
            ("postgres://u:secret@a/up?sslmode=require&ssl-mode=disable", "once"),
            ("postgres://u:secret@a/up?sslmode=require&sslrootcert=/ca.pem", "verify-full"),
            ("postgres://u:secret@a/up?sslrootcert=/ca.pem", "verify-full"),
            ("postgres://u:secret@a/up?sslmode=require&sslkey=/key.pem", "sslcert"),
            ("postgres://u:secret@a/up?host=b", "host"),
            ("postgres://u:secret@/up?host=a&hostaddr=10.0.0.1", "once"),
            ("postgres://u:secret@a:x/up", "port"),
            ("postgres://u:secret@/up?host=/run/postgresql", "postgres:///DATABASE?host=/DIRECTORY&user=USER"),
            ("postgres://u:secret@:5432/up", "postgres://USER@%2FDIRECTORY/DATABASE"),
            ("postgres://:5432/up", "no host"),
            ("sqlite:///up.db?immutable=1", "immutable"),
            ("sqlite:///up.db?vfs=unix-none", "vfs"),
            ("sqlite:///up.db?mode=memory", "mode"),
            ("sqlite:///up.db?mode=ro", "writes"),
            ("mysql://u:secret@a/up", "postgres:"),
        ] {
            let sentence = check(url).expect_err(url);
            assert!(sentence.contains(named) && !sentence.contains("secret"), "{url}: {sentence}");
        }
    }

    #[test]
    fn a_url_that_the_driver_reads_whole_is_taken() {
        for url in [
            "postgres://u:p@a:5432/up?sslmode=verify-full&sslrootcert=/ca.pem&application_name=x",
            "postgres:///up?host=/run/postgresql&user=u&options[search_path]=up&options[geqo]=off",
            "postgresql://u@%2Frun%2Fpostgresql/up",
            "postgres://u:p%3F%23%2F@[::1]:5432/up",
            "sqlite:///srv/up.db?mode=rw",
            "sqlite:up.db",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_place_is_named_without_the_password() {
        for (url, named) in [
            ("postgres://u:secret@db.example.org:5433/up", "Postgres db.example.org:5433/up as u"),
            ("postgresql://u:sec%2Fret@db.example.org:5433/up?sslmode=require", "Postgres db.example.org:5433/up as u"),
            ("postgres://db.example.org:5433/up?user=u&password=secret", "Postgres db.example.org:5433/up as u"),
            ("postgres://u:secret@[::1]:5433/up", "Postgres [::1]:5433/up as u"),
            ("postgres://u:secret@%2Frun:5433/up", "Postgres /run:5433/up as u"),
            ("postgres://u:secret@:::/", "Postgres"),
            ("sqlite:///srv/my%20data.db?mode=rwc", "SQLite /srv/my data.db"),
        ] {
            assert_eq!(place(url), named);
        }
    }

    #[test]
    fn a_cause_is_in_plain_words_and_said_once() {
        use std::io::{Error, ErrorKind};
        for (error, words) in [
            (Error::from_raw_os_error(111), "connection refused"),
            (Error::from_raw_os_error(2), "No such file or directory"),
            (
                Error::new(ErrorKind::InvalidData, "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))"),
                "the server's certificate is that of an authority, and not a server's; have it issue one for the server",
            ),
            (
                Error::new(ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer"),
                "the server's certificate was issued by an authority that is not known here; name its certificate in \
                 sslrootcert",
            ),
        ] {
            assert_eq!(plain(&error.into()), words);
        }
    }
}
