//! Builds the product: first the web app with Trunk, then the server that contains it, and the command line.

use std::{
    collections::BTreeSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result};

use crate::{
    process::{announce, cargo, program, root, run, target},
    split::{self, Effort},
    tools,
};

const WEB_SOURCES: &[&str] =
    &[".cargo", "api", "app", "frontend", "style", "Cargo.lock", "Cargo.toml", "Trunk.toml", "rust-toolchain.toml"];

#[derive(Clone, Copy)]
pub enum Profile {
    Debug,
    /// Compiled quickly, and optimised where a server that is tried would be slow without.
    Quick,
    Release,
}

pub struct Programs {
    pub server: PathBuf,
    pub cli: PathBuf,
}

/// Returns true when `dist/` was built here from the very same sources, and is as it was then: Trunk alone, as in `trunk
/// serve`, builds another app into it.
pub fn web_is_built(effort: Effort) -> Result<bool> {
    if !root().join("dist/index.html").is_file() {
        return Ok(false);
    }
    let (found, sources) = (fs::read_to_string(web_stamp()).ok(), digest(root(), WEB_SOURCES)?);
    let is_with = |effort| anyhow::Ok(found == Some(web_state(effort, &sources)?));
    Ok(is_with(Effort::Full)? || (effort == Effort::Quick && is_with(effort)?))
}

fn web_state(effort: Effort, sources: &str) -> Result<String> {
    Ok(format!("{effort:?} {sources} {}", digest(root(), &["dist"])?))
}

pub fn web(effort: Effort) -> Result<()> {
    if web_is_built(effort)? {
        return Ok(());
    }
    // Before the build: an edit in the meantime is not in it.
    let sources = digest(root(), WEB_SOURCES)?;
    let path = tools::web_build_path()?;
    announce("Building the web app (about three minutes on two cores when all of it is new)");
    run(program("trunk")
        .args(["build", "--release", "--features", "split"])
        .env("PATH", &path)
        // The linker keeps what it knows about addresses, which cutting the app needs.
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", short_paths() + " -Clink-arg=--emit-relocs")
        .env("TRUNK_SKIP_VERSION_CHECK", "true")
        // Trunk takes only `true` and `false` here; the convention is any value.
        .env_remove("NO_COLOR"))?;
    split::split(&path, effort)?;
    fs::create_dir_all(target())?;
    fs::write(web_stamp(), web_state(effort, &sources)?)?;
    Ok(())
}

fn web_stamp() -> PathBuf {
    target().join("web-app.stamp")
}

/// Shortens the paths of libraries on this machine. Every place in a library that can panic contains its path, and
/// users need not download it.
pub fn short_paths() -> String {
    let home = std::env::home_dir().unwrap_or_default().join(".cargo");
    let home = std::env::var_os("CARGO_HOME").map_or(home, PathBuf::from);
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    registries
        .map(|registry| format!("--remap-path-prefix={}=", registry.path().display()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The web app must have been built before.
pub fn programs(profile: Profile) -> Result<Programs> {
    let minutes = match profile {
        Profile::Debug | Profile::Quick => "five",
        Profile::Release => "ten",
    };
    announce(&format!(
        "Building the server and the command line (about {minutes} minutes on two cores when all of it is new)"
    ));
    let (mut build, folder) = build_of_programs(profile);
    run(&mut build)?;
    let folder = target().join(folder);
    Ok(Programs { server: folder.join("uptrakit-server"), cli: folder.join("uptrakit") })
}

/// Builds the libraries of the programs in the background, beside the web app, whose build leaves a core idle for much
/// of its time. The server itself is left out, because it contains the web app: its build script fails. Another failure
/// is not shown, because [`programs`] meets it again.
pub fn programs_ahead(profile: Profile) -> JoinHandle<()> {
    thread::spawn(move || {
        let (mut build, _) = build_of_programs(profile);
        let _ = build
            .args(["--quiet", "--keep-going"])
            .env("UPTRAKIT_LIBRARIES_ALONE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    })
}

/// Returns the command, and the folder in `target/` that it builds into.
fn build_of_programs(profile: Profile) -> (Command, &'static str) {
    let mut build = cargo();
    build.arg("build");
    let folder = match profile {
        Profile::Debug => {
            // This is the same selection as for the tests, so that nothing is built twice with different features.
            build.args(["--workspace", "--exclude", "uptrakit-frontend"]);
            return (build, "debug");
        }
        Profile::Quick => "quick",
        Profile::Release => "release",
    };
    build.args(["--profile", folder, "--package", "uptrakit-server", "--package", "uptrakit-cli"]);
    (build, folder)
}

/// Returns a digest of names and contents. It does not resist an attacker, and only has to detect an edit.
fn digest(base: &Path, sources: &[&str]) -> Result<String> {
    let mut files = BTreeSet::new();
    for source in sources {
        collect(&base.join(source), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(base).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file).with_context(|| format!("{} can't be read", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.insert(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_sees_edits_new_files_and_new_names() {
        let folder = std::env::temp_dir().join(format!("uptrakit-digest-{}", std::process::id()));
        fs::create_dir_all(folder.join("app/src")).unwrap();
        let mut seen = BTreeSet::new();
        let mut note = || assert!(seen.insert(digest(&folder, &["app", "missing"]).unwrap()), "a change was not seen");
        note();
        fs::write(folder.join("app/src/a.rs"), "one").unwrap();
        note();
        fs::write(folder.join("app/src/a.rs"), "two").unwrap();
        note();
        fs::rename(folder.join("app/src/a.rs"), folder.join("app/src/b.rs")).unwrap();
        note();
        assert_eq!(digest(&folder, &["app"]).unwrap(), digest(&folder, &["app"]).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
