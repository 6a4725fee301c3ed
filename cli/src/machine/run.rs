//! Runs programs of the system with output in plain English, without input, and for a minute at most.

use crate::failure::described;
use std::{
    env,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_mins(1);

pub struct Programs(Vec<PathBuf>);

pub struct Said {
    /// The exit code; `None` if a signal killed the program.
    pub code: Option<i32>,
    pub text: String,
}

impl Programs {
    /// Returns the folders of `PATH`, and those of the system, which cron and others leave out of it.
    pub fn of_environment() -> Self {
        let mut folders: Vec<PathBuf> =
            env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        folders.retain(|folder| folder.is_absolute());
        folders.extend(["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from));
        Self(folders)
    }

    #[cfg(test)]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self(vec![folder])
    }

    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let is_program =
            |path: &PathBuf| path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
        self.0.iter().map(|folder| folder.join(name)).find(is_program)
    }

    /// Runs a program. The error is the end of a sentence.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Result<Said, String> {
        let path = self.find(name).ok_or_else(|| format!("because there is no {name}"))?;
        let failed = |error: io::Error| format!("because {name} could not be run: {}", described(&error));
        let mut child = Command::new(path)
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let deadline = Instant::now() + LIMIT;
        let mut stdout = child.stdout.take().expect("it was asked for above");
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.read_to_end(&mut bytes).map(|_| bytes);
            // The send fails when the time limit is over and the receiver is dropped.
            let _ = sender.send(read);
        });
        // A program may close its output and keep running, so its exit is awaited, too.
        let read = receiver.recv_timeout(LIMIT).ok();
        let ended = read.is_some() && ends_before(&mut child, deadline).map_err(failed)?;
        let (Some(read), true) = (read, ended) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("because {name} took longer than {} s", LIMIT.as_secs()));
        };
        let text = String::from_utf8_lossy(&read.map_err(failed)?).into_owned();
        let code = child.wait().map_err(failed)?.code();
        Ok(Said { code, text })
    }
}

/// Waits for a program that has closed its output to exit; most have by then. Returns false at the deadline.
fn ends_before(child: &mut Child, deadline: Instant) -> io::Result<bool> {
    while child.try_wait()?.is_none() {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::ends_before;
    use std::{
        process::Command,
        time::{Duration, Instant},
    };

    #[test]
    fn a_program_that_goes_on_is_not_waited_for() {
        let mut lasting = Command::new("sleep").arg("600").spawn().unwrap();
        assert!(!ends_before(&mut lasting, Instant::now()).unwrap());
        lasting.kill().unwrap();
        assert!(ends_before(&mut lasting, Instant::now() + Duration::from_mins(1)).unwrap());
    }
}
