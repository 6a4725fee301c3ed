//! Builds the product: first the web app with Trunk, then the server that contains it, and the command line.

use std::{
    collections::BTreeSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    process::{announce, cargo, program, root, run, target},
    split, tools,
};

/// The web app is made of these files. It is built again after a change in any of them.
const WEB_SOURCES: &[&str] =
    &[".cargo", "api", "app", "frontend", "style", "Cargo.lock", "Cargo.toml", "Trunk.toml", "rust-toolchain.toml"];

#[derive(Clone, Copy)]
pub enum Profile {
    Debug,
    Release,
}

pub struct Programs {
    pub server: PathBuf,
    pub cli: PathBuf,
}

/// Builds the web app into `dist/`, unless `dist/` was built from the very same sources.
pub fn web() -> Result<()> {
    let digest = digest(root(), WEB_SOURCES)?;
    let stamp = target().join("web-app.stamp");
    if root().join("dist/index.html").is_file() && fs::read_to_string(&stamp).is_ok_and(|text| text == digest) {
        return Ok(());
    }
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
    split::split(&path)?;
    fs::create_dir_all(target())?;
    fs::write(stamp, digest)?;
    Ok(())
}

/// Shortens the paths of libraries on this machine. Every place in a library that can panic contains its path, and
/// users need not download it.
fn short_paths() -> String {
    let home = std::env::home_dir().unwrap_or_default().join(".cargo");
    let home = std::env::var_os("CARGO_HOME").map_or(home, PathBuf::from);
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    registries
        .map(|registry| format!("--remap-path-prefix={}=", registry.path().display()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Builds the server and the command line. The web app must have been built before.
pub fn programs(profile: Profile) -> Result<Programs> {
    announce("Building the server and the command line (about eight minutes on two cores when all of it is new)");
    let mut build = cargo();
    build.arg("build");
    let folder = match profile {
        Profile::Debug => {
            // This is the same selection as for the tests, so that nothing is built twice with different features.
            build.args(["--workspace", "--exclude", "uptrakit-frontend"]);
            "debug"
        }
        Profile::Release => {
            build.args(["--release", "--package", "uptrakit-server", "--package", "uptrakit-cli"]);
            "release"
        }
    };
    run(&mut build)?;
    let folder = target().join(folder);
    Ok(Programs { server: folder.join("uptrakit-server"), cli: folder.join("uptrakit") })
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
