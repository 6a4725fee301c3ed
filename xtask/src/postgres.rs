//! Starts a Postgres for the tests, in a temporary folder that is removed at the end. It contains no other data.
//! Of the crates that do this, pgtemp can't run as root, and postgresql_embedded downloads its programs.

use std::{
    env, fs,
    fs::{File, Permissions},
    io::Read,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    debian,
    process::{announce, find, is_root, program, run, succeeds},
};

/// This variable names a Postgres in which the tests may create databases.
pub const URL_VARIABLE: &str = "UPTRAKIT_TEST_POSTGRES_URL";
pub const WITHOUT_VARIABLE: &str = "UPTRAKIT_TEST_WITHOUT_POSTGRES";
const VERSION_VARIABLE: &str = "UPTRAKIT_TEST_POSTGRES_VERSION";
const START_LIMIT: Duration = Duration::from_mins(1);

pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    server: Child,
    /// The URL connects as a user with all rights in the cluster.
    pub url: String,
}

impl Cluster {
    /// Starts a cluster; `None` when the environment names one already or wants none.
    pub fn start_unless_given() -> Result<Option<Self>> {
        if is_left_out("The tests on Postgres are") || env::var_os(URL_VARIABLE).is_some() {
            Ok(None)
        } else {
            Self::start().map(Some)
        }
    }

    pub fn start() -> Result<Self> {
        let programs = programs()?;
        announce("Starting a Postgres for the tests");
        let folder = env::temp_dir().join(format!("uptrakit-postgres-{}", process::id()));
        Self::start_in(folder.clone(), programs).inspect_err(|_| {
            let _ = fs::remove_dir_all(&folder);
        })
    }

    fn start_in(folder: PathBuf, programs: PathBuf) -> Result<Self> {
        fs::create_dir(&folder).with_context(|| format!("{} can't be made", folder.display()))?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        let password = random_password()?;
        let password_file = folder.join("password");
        fs::write(&password_file, &password)?;
        if is_root() {
            run(program("chown").args(["--recursive", "postgres"]).arg(&folder))?;
        }
        let data = folder.join("data");
        run(as_postgres(&programs.join("initdb"), &folder)
            .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"])
            .arg("--pwfile")
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null()))
        .context("the Postgres for the tests can't be made")?;

        let port = free_port()?;
        let log = File::create(folder.join("log"))?;
        // The server runs in the foreground, as a child, so that Ctrl+C reaches it too.
        let server = as_postgres(&programs.join("postgres"), &folder)
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
            .arg(&folder)
            .args(["-c", "max_connections=300", "-c", "fsync=off", "-c", "synchronous_commit=off"])
            .args(["-c", "full_page_writes=off"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("the Postgres for the tests can't be started")?;
        let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        let mut cluster = Self { programs, folder, server, url };
        cluster.wait_until_ready(port)?;
        Ok(cluster)
    }

    fn wait_until_ready(&mut self, port: u16) -> Result<()> {
        let started = Instant::now();
        loop {
            let mut ready = program(self.programs.join("pg_isready"));
            if succeeds(ready.args(["--host", "127.0.0.1", "--port", &port.to_string()])) {
                return Ok(());
            }
            let ended = self.server.try_wait()?;
            if ended.is_some() || started.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("the Postgres for the tests did not come up; it said:\n{log}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Killing the child would only kill the program that changed the user.
        let mut stop = as_postgres(&self.programs.join("pg_ctl"), &self.folder);
        let stopped = succeeds(stop.args(["stop", "--mode=immediate", "--pgdata"]).arg(self.folder.join("data")));
        if !stopped {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub fn is_left_out(what: &str) -> bool {
    let is_left_out = env::var_os(WITHOUT_VARIABLE).is_some_and(|value| value == "1");
    if is_left_out {
        announce(&format!("{what} left out, because {WITHOUT_VARIABLE} is 1"));
    }
    is_left_out
}

/// Finds the folder with Postgres's programs: Debian keeps them off the PATH, in one folder per version.
fn programs() -> Result<PathBuf> {
    let wanted = env::var(VERSION_VARIABLE).ok();
    if let Some(found) = find_programs(wanted.as_deref()) {
        return Ok(found);
    }
    let package = wanted.as_deref().map_or_else(|| "postgresql".to_owned(), |version| format!("postgresql-{version}"));
    if debian::install(&package)?
        && let Some(found) = find_programs(wanted.as_deref())
    {
        return Ok(found);
    }
    if let Some(version) = wanted {
        bail!("Postgres {version}, which {VERSION_VARIABLE} asks for, was not found: install it, or take any version");
    }
    bail!(
        "Postgres was not found: install it (Debian: `apt-get install postgresql`, macOS: `brew install postgresql`), \
         name a running one in {URL_VARIABLE}, or leave the tests on Postgres out with {WITHOUT_VARIABLE}=1"
    )
}

fn find_programs(wanted: Option<&str>) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| wanted.is_none_or(|version| entry.file_name() == version))
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder): &(u32, PathBuf)| folder.join("initdb").is_file())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, folder)| folder);
    // On other systems the programs are on the PATH, and their folder does not show the version.
    newest.or_else(|| if wanted.is_none() { find("initdb")?.parent().map(Path::to_owned) } else { None })
}

/// Postgres refuses to run as root; a root process therefore runs it as the user that its package created.
fn as_postgres(name: &Path, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = program("runuser");
        command.args(["-u", "postgres", "--"]).arg(name);
        command
    } else {
        program(name)
    };
    command.current_dir(folder);
    command
}

fn random_password() -> Result<String> {
    use std::fmt::Write;

    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

/// Returns a port that is free now. If another process takes it before Postgres does, Postgres reports that.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
