//! Runs Postgres clusters for a test, with standbys, from the programs of the installed server. A machine whose tests
//! use a remote server may have none; the tests then print that and are left out.

use std::{
    net::TcpListener,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A cluster in a folder that is removed with it.
pub struct Cluster {
    programs: PathBuf,
    directory: tempfile::TempDir,
    port: u16,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.control(&["stop", "--mode=immediate"]).stderr(Stdio::null()).status();
    }
}

impl Cluster {
    /// Starts a primary with an empty database `uptrakit`.
    pub fn primary() -> Option<Self> {
        super::postgres_server()?;
        let Some(programs) = programs() else {
            eprintln!("left out: the programs of Postgres are not installed");
            return None;
        };
        let cluster = Self::in_new_directory(programs);
        let mut init = cluster.program("initdb");
        init.args(["--username=uptrakit", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"]);
        succeed(init.arg(cluster.data()));
        cluster.start("");
        cluster.run("createdb", &["uptrakit"]);
        Some(cluster)
    }

    /// Starts a standby that follows this cluster under a name.
    pub fn standby(&self, name: &str) -> Self {
        let standby = Self::in_new_directory(self.programs.clone());
        let source = format!("host=127.0.0.1 port={} user=uptrakit application_name={name}", self.port);
        let mut copy = self.program("pg_basebackup");
        copy.args(["--no-sync", "--checkpoint=fast", "--write-recovery-conf", "--dbname", &source, "--pgdata"]);
        succeed(copy.arg(standby.data()));
        standby.start("");
        standby
    }

    pub fn start(&self, settings: &str) {
        let options = format!(
            "-p {} -h 127.0.0.1 -k {} -c fsync=off -c max_connections=60 {settings}",
            self.port,
            self.directory.path().display()
        );
        succeed(self.control(&["start", "-w", "-o", &options, "--log"]).arg(self.directory.path().join("log")));
    }

    /// Stops the cluster as a failure of its machine does.
    pub fn kill(&self) {
        succeed(&mut self.control(&["stop", "--mode=immediate"]));
    }

    /// Promotes a standby to primary.
    pub fn promote(&self) {
        succeed(&mut self.control(&["promote", "-w"]));
    }

    /// Runs one of the clients that come with Postgres.
    pub fn run(&self, name: &str, arguments: &[&str]) {
        let mut client = self.program(name);
        client.env("PGPORT", self.port.to_string()).envs([("PGHOST", "127.0.0.1"), ("PGUSER", "uptrakit")]);
        succeed(client.args(arguments));
    }

    /// Returns the path of a file that Postgres' programs may write and that is removed with the cluster.
    pub fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("postgres://uptrakit@{}/uptrakit", self.address())
    }

    fn in_new_directory(programs: PathBuf) -> Self {
        let directory = tempfile::tempdir().unwrap();
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(directory.path()));
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { programs, directory, port }
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn control(&self, arguments: &[&str]) -> Command {
        let mut control = self.program("pg_ctl");
        control.arg("--silent").arg("--pgdata").arg(self.data()).args(arguments);
        control
    }

    /// Postgres refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let mut command = as_postgres(&self.programs.join(name));
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// Returns a command that runs as the user `postgres` where the test is root, because Postgres and PgBouncer refuse root.
pub fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

/// Finds the folder with the programs of the newest version: Debian keeps them off the PATH.
fn programs() -> Option<PathBuf> {
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let newest =
        debian.filter(|path| path.join("bin/initdb").exists()).max_by_key(version).map(|path| path.join("bin"));
    let folders = std::env::var_os("PATH").unwrap_or_default();
    newest.or_else(|| std::env::split_paths(&folders).find(|folder: &PathBuf| Path::exists(&folder.join("initdb"))))
}

#[track_caller]
fn succeed(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?} failed: {status}");
}
