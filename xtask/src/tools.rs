//! Installs the tools that the project needs and a machine may lack, each in a pinned version. A version that the
//! machine has already is not used.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    cache::Cache,
    process::{announce, npm, program, read, root, run},
};

/// This reads what the version of `wasm_split_helpers` in Cargo.lock writes.
const WASM_SPLIT: &str = "0.2.4";
/// Trunk 0.22 needs a newer compiler than `rust-toolchain.toml` pins.
const TRUNK: &str = "0.21.14";
const MACHETE: &str = "0.9.2";
const DEB: &str = "3.8.0";
const CYCLONEDX: &str = "0.5.9";
const WASM_TARGET: &str = "wasm32-unknown-unknown";

pub fn web_build_path() -> Result<OsString> {
    add_wasm_target()?;
    let cache = Cache::open()?;
    let bindgen = locked_version("wasm-bindgen")?;
    let folders = [
        cache.cargo_tool(
            &format!("trunk-{TRUNK}"),
            "about three minutes on two cores",
            // Without TLS: what it would download is installed here.
            &["trunk", "--version", TRUNK, "--locked", "--no-default-features"],
        )?,
        // The tool is installed without --locked, because the lock file of a release may name crate versions that were
        // withdrawn.
        cache.cargo_tool(
            &format!("wasm-bindgen-{bindgen}"),
            "about a minute on two cores",
            &["wasm-bindgen-cli", "--version", &bindgen, "--bin", "wasm-bindgen"],
        )?,
        cache.cargo_tool(
            &format!("wasm-split-{WASM_SPLIT}"),
            "half a minute on two cores",
            &["wasm_split_cli_support", "--version", WASM_SPLIT, "--features", "build-binary"],
        )?,
        // Debian's wasm-opt is too old for the output of today's compiler.
        cache.npm_tool("binaryen")?,
        cache.npm_tool("esbuild")?,
    ];
    cache.remove_build_folder()?;
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(folders.into_iter().chain(env::split_paths(&path)))?)
}

pub fn nextest() -> Result<Command> {
    let mut nextest = compiled("cargo-nextest", "cargo-nextest")?;
    nextest.arg("nextest");
    Ok(nextest)
}

pub fn typos() -> Result<Command> {
    compiled("typos", "typos-cli")
}

pub fn cargo_deny() -> Result<Command> {
    compiled("cargo-deny", "cargo-deny")
}

pub fn cargo_machete() -> Result<Command> {
    from_crates_io("cargo-machete", MACHETE, &[])
}

fn compiled(name: &str, source: &str) -> Result<Command> {
    let cache = Cache::open()?;
    let folder = cache.pypi_tool(name, source)?;
    cache.remove_build_folder()?;
    Ok(program(folder.join(name)))
}

pub fn cargo_deb() -> Result<Command> {
    from_crates_io("cargo-deb", DEB, &["--no-default-features", "--features", "static-lzma"])
}

pub fn cyclonedx() -> Result<Command> {
    from_crates_io("cargo-cyclonedx", CYCLONEDX, &[])
}

/// Returns cargo-zigbuild, which comes with the Zig that it calls.
pub fn zigbuild() -> Result<Command> {
    let mut zigbuild = compiled("cargo-zigbuild", "cargo-zigbuild")?;
    let zig =
        Path::new(zigbuild.get_program()).parent().and_then(Path::parent).map(|folder| folder.join("ziglang/zig"));
    if let Some(zig) = zig.filter(|zig| zig.is_file()) {
        zigbuild.env("CARGO_ZIGBUILD_ZIG_PATH", zig);
    }
    Ok(zigbuild)
}

fn from_crates_io(name: &str, version: &str, more: &[&str]) -> Result<Command> {
    let cache = Cache::open()?;
    let install = [&[name, "--version", version, "--locked"], more].concat();
    let folder = cache.cargo_tool(&format!("{name}-{version}"), "about a minute on two cores", &install)?;
    cache.remove_build_folder()?;
    Ok(program(folder.join(name)))
}

pub fn add_wasm_target() -> Result<()> {
    add_target(WASM_TARGET)
}

pub fn add_target(name: &str) -> Result<()> {
    let libraries = read(program("rustc").args(["--print", "target-libdir", "--target", name]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    announce(&format!("Adding the compile target {name} (once, seconds)"));
    run(program("rustup").args(["target", "add", name]))
}

pub fn end2end_packages() -> Result<PathBuf> {
    let folder = root().join("end2end");
    node_packages(&folder, "the packages of the end-to-end tests")?;
    Ok(folder)
}

pub fn node_packages(folder: &Path, what: &str) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        announce(&format!("Installing {what} (once, seconds)"));
        // Browsers are installed separately: see `browser`.
        run(npm().args(["ci", "--prefer-offline"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").current_dir(folder))?;
        fs::write(stamp, lock)?;
    }
    Ok(())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_found_by_whole_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.7\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen").as_deref(), Some("0.2.7"));
        assert_eq!(version_in(lock, "bindgen"), None);
    }
}
