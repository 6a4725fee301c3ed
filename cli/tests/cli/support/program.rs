//! The program under test, with a home, an environment and a keyring of its own.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// The program, ready to run.
pub struct Program {
    home: TempDir,
    variables: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// Creates the program in a new home.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// Creates the program with a server and a token in its environment.
    pub fn signed_in(server: &str, token: &str) -> Self {
        Self::new().with("UPTRAKIT_SERVER", server).with("UPTRAKIT_TOKEN", token)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Saves a token in the credentials file, as `auth login` does. `id` is the token's id at the server.
    pub fn with_saved(self, server: &str, token: &str, id: Option<&str>) -> Self {
        let path = self.credentials();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let id = id.map(|id| format!("id = \"{id}\"\n")).unwrap_or_default();
        let text = format!("default = \"{server}\"\n[servers.\"{server}\"]\n{id}token = \"{token}\"\n");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn credentials(&self) -> PathBuf {
        self.home().join("config/uptrakit/credentials.toml")
    }

    /// Builds the command without running it. There is no keyring: the bus that would lead to one does not exist.
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

    /// Runs the program without input. Its output goes into pipes.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs the program with this standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program may end without reading its input, so the error is ignored.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("(os error"), "numbers of the system are nothing to people: {stderr}");
        Outcome {
            code: output.status.code().expect("it was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr,
        }
    }

    /// Runs the program and expects success.
    pub fn ok(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        outcome
    }
}

impl Outcome {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Returns the exit code and the whole output.
    pub fn transcript(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}
