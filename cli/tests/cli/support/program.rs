//! The program under test, with a home, an environment and a keyring that are nobody else's.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// The program, ready to be run.
pub struct Program {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// The program in a new home.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// The program with a server and a token in its environment.
    pub fn signed_in(server: &str, token: &str) -> Self {
        Self::new().with("UPTRAKIT_SERVER", server).with("UPTRAKIT_TOKEN", token)
    }

    /// With a variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a token in its file of credentials, as `auth login` leaves it; the id is what the server called the token.
    pub fn with_saved(self, server: &str, token: &str, id: Option<&str>) -> Self {
        let path = self.credentials();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let id = id.map(|id| format!("id = \"{id}\"\n")).unwrap_or_default();
        let text = format!("default = \"{server}\"\n[servers.\"{server}\"]\n{id}token = \"{token}\"\n");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    /// Its home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where it saves credentials.
    pub fn credentials(&self) -> PathBuf {
        self.home().join("config/uptrakit/credentials.toml")
    }

    /// The command, not yet run. There is no keyring: the bus that would lead to one does not exist.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptrakit"));
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// Gives another program the same environment.
    pub fn prepare(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home().join("config"))
            .env("XDG_RUNTIME_DIR", self.home())
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/no-bus", self.home().display()))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home());
    }

    /// Runs it without input, its output going into pipes.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs it with this on standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that ends without reading its input is none of the test's business.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Outcome {
            code: output.status.code().expect("it was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs it and expects it to go well.
    pub fn ok(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        outcome
    }
}

impl Outcome {
    /// The result as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Everything that was said.
    pub fn transcript(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}
