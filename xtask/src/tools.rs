//! The tools that the project needs and a machine may lack: installed in pinned versions, once, into a cache outside
//! `target/`, so that no clean build pays for them again. An install that is interrupted is repeated.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::process::{announce, cargo, program, read, root, run};

/// 0.22 needs a newer compiler than `rust-toolchain.toml` pins.
const TRUNK: &str = "0.21.14";
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Sees to everything that Trunk needs and answers the PATH that has it in front.
pub fn web_build_path() -> Result<OsString> {
    add_wasm_target()?;
    let cache = Cache::open()?;
    let bindgen = locked_version("wasm-bindgen")?;
    let folders = [
        cache.cargo_tool(
            &format!("trunk-{TRUNK}"),
            "about six minutes on two cores",
            &["trunk", "--version", TRUNK, "--locked", "--no-default-features", "--features", "rustls"],
        )?,
        // Without --locked: the lock file of a release may name crate versions that were withdrawn.
        cache.cargo_tool(
            &format!("wasm-bindgen-{bindgen}"),
            "about two minutes on two cores",
            &["wasm-bindgen-cli", "--version", &bindgen],
        )?,
        // Debian's wasm-opt is too old for what the compiler writes today.
        cache.npm_tool("binaryen")?,
        cache.npm_tool("esbuild")?,
    ];
    cache.remove_build_folder()?;
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(folders.into_iter().chain(env::split_paths(&path)))?)
}

/// Adds the compile target of the web app to the toolchain, if it is not there.
pub fn add_wasm_target() -> Result<()> {
    let mut rustc = program("rustc");
    let libraries = read(rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    announce("Adding the compile target of the web app (once, seconds)");
    run(program("rustup").args(["target", "add", WASM_TARGET]))
}

/// The Node packages of the end-to-end tests.
pub fn end2end_packages() -> Result<PathBuf> {
    let folder = root().join("end2end");
    node_packages(&folder, "the packages of the end-to-end tests")?;
    Ok(folder)
}

/// Installs the Node packages of a folder by its lock file, unless those are there already.
pub fn node_packages(folder: &Path, what: &str) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        announce(&format!("Installing {what} (once, seconds)"));
        // Browsers are a matter of their own: see `browser`.
        run(npm().args(["ci", "--prefer-offline"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").current_dir(folder))?;
        fs::write(stamp, lock)?;
    }
    Ok(())
}

fn npm() -> Command {
    let mut npm = program("npm");
    npm.env("npm_config_fund", "false").env("npm_config_audit", "false").env("npm_config_update_notifier", "false");
    npm
}

/// The version that Cargo.lock holds of a package.
fn locked_version(package: &str) -> Result<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    version_in(&lock, package).with_context(|| format!("Cargo.lock names no `{package}`"))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

/// The folder of the installed tools, held by this process until it is dropped.
struct Cache {
    folder: PathBuf,
    _lock: File,
}

impl Cache {
    /// Two commands at once must not install the same tool: the second waits for the first.
    fn open() -> Result<Self> {
        let folder = cache_folder()?.join("tools");
        fs::create_dir_all(&folder).with_context(|| format!("{} can't be made", folder.display()))?;
        let lock = File::create(folder.join(".lock"))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// Installs a tool from crates.io and answers the folder with its program. It is compiled for little compile time.
    fn cargo_tool(&self, name: &str, duration: &str, arguments: &[&str]) -> Result<PathBuf> {
        let installed = self.install(name, duration, |folder| {
            run(cargo()
                .arg("install")
                .args(arguments)
                .arg("--root")
                .arg(folder)
                .arg("--target-dir")
                .arg(self.build_folder())
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "false"))
        })?;
        Ok(installed.join("bin"))
    }

    /// Installs a tool from npm, as `xtask/tools/` pins it, and answers the folder with its program.
    fn npm_tool(&self, name: &str) -> Result<PathBuf> {
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

    /// Installs into a folder of another name first, so that the right name always means a whole tool.
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

    fn remove_build_folder(&self) -> Result<()> {
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

/// Whether this process may do everything.
pub fn is_root() -> bool {
    read(program("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_found_by_whole_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.7\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen").as_deref(), Some("0.2.7"));
        assert_eq!(version_in(lock, "bindgen"), None);
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
