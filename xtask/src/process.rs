//! Starts other programs and shows what they print. When one is missing or fails, one sentence says which.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use anyhow::{Context, Result, anyhow, bail};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder in the repository")
}

pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

pub fn cargo() -> Command {
    program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

pub fn npm() -> Command {
    let mut npm = program("npm");
    npm.env("npm_config_fund", "false").env("npm_config_audit", "false").env("npm_config_update_notifier", "false");
    npm
}

pub fn is_root() -> bool {
    read(program("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

pub fn announce(what: &str) {
    eprintln!("==> {what}");
}

pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if !status.success() {
        bail!("`{}` failed ({status})", describe(command));
    }
    Ok(())
}

pub fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| cannot_start(command, &error))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", describe(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed what is no text", describe(command)))
}

/// Creates the folder, without what an earlier run has left in it.
pub fn fresh_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} can't be created", folder.display()))
}

/// Runs the command silently and returns true when it succeeds. A program that does not exist does not succeed.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs the command with its output shown, passes each line on, and returns true when the command succeeds.
pub fn watch(command: &mut Command, mut line_seen: impl FnMut(&str)) -> Result<bool> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| cannot_start(command, &error))?;
    let (sender, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                // The receiver is gone only when this program is about to end.
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
    }
    drop(sender);
    for line in lines {
        eprintln!("{line}");
        line_seen(&line);
    }
    Ok(child.wait()?.success())
}

pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn describe(command: &Command) -> String {
    let mut text = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

fn cannot_start(command: &Command, error: &std::io::Error) -> anyhow::Error {
    let name = command.get_program().to_string_lossy();
    if error.kind() != ErrorKind::NotFound {
        return anyhow!("`{name}` can't be started: {error}");
    }
    match &*name {
        "npm" | "npx" | "node" => anyhow!(
            "`{name}` was not found: install Node.js 20 or newer with npm (Debian: `apt-get install nodejs npm`, macOS: `brew install node`)"
        ),
        "rustup" => anyhow!("`rustup` was not found: install it from https://rustup.rs"),
        _ => anyhow!("`{name}` was not found: install it and try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut program("uptrakit-no-such-program")).unwrap_err();
        assert!(error.to_string().contains("`uptrakit-no-such-program` was not found"), "{error}");
    }

    #[test]
    fn a_fresh_folder_is_empty() {
        let above = env::temp_dir().join(format!("uptrakit-fresh-{}", std::process::id()));
        let folder = above.join("below");
        fresh_folder(&folder).unwrap();
        fs::write(folder.join("left"), "").unwrap();
        fresh_folder(&folder).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(above).unwrap();
    }

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let error = run(program("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().starts_with("`sh -c exit 3` failed"), "{error}");
    }

    #[test]
    fn lines_of_both_streams_are_handed_on() {
        let mut lines = Vec::new();
        let worked =
            watch(program("sh").args(["-c", "echo out; echo err >&2; exit 1"]), |line| lines.push(line.to_owned()));
        lines.sort();
        assert!(!worked.unwrap());
        assert_eq!(lines, ["err", "out"]);
    }
}
