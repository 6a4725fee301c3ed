//! Runs a real PgBouncer in front of the tests' Postgres. Where it is not installed, the tests print that and are left
//! out.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::cluster::as_postgres;

/// A pooler that ends with its test.
pub struct PgBouncer {
    child: Child,
    port: u16,
    user: String,
    directory: tempfile::TempDir,
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // `runuser` passes the signal on; a kill would end `runuser` alone.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl PgBouncer {
    /// Starts a pooler in front of the server of a URL, with more lines of configuration.
    pub fn start(url: &str, configuration: &str) -> Option<Self> {
        let Some(program) =
            ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).exists())
        else {
            eprintln!("left out: pgbouncer is not installed");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (authority, _) = url.split_once("://").unwrap().1.split_once('/').unwrap();
        let (user, address) = authority.rsplit_once('@').unwrap();
        let (host, server_port) = address.split_once(':').unwrap_or((address, "5432"));
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let file = directory.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={server_port} user={user} password={password}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             admin_users = {user}\n{configuration}\n"
        );
        std::fs::write(&file, text).unwrap();
        let mut command = as_postgres(Path::new(program));
        let child = command.arg("-q").arg(&file).stdin(Stdio::null()).spawn().unwrap();
        let pooler = Self { child, port, user: user.to_owned(), directory };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "pgbouncer does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pooler)
    }

    /// Changes a line of the configuration, which the pooler reads again.
    pub async fn reconfigure(&self, line: &str, other: &str) {
        use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
        let file = self.directory.path().join("pgbouncer.ini");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(line), "{text}");
        std::fs::write(&file, text.replace(line, other)).unwrap();
        let console = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(&self.user)
            .database("pgbouncer")
            .extra_float_digits(None);
        let mut console = PgConnection::connect_with(&console).await.unwrap();
        sqlx::raw_sql("RELOAD").execute(&mut console).await.unwrap();
        let _ = console.close().await;
    }

    /// Returns the URL of a database through the pooler.
    pub fn through(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, database) = rest.split_once('/').unwrap();
        let user = authority.rsplit_once('@').map_or("postgres", |(user, _)| user);
        format!("{scheme}://{user}@127.0.0.1:{}/{database}", self.port)
    }
}
