//! `cargo xtask lint`: what can be said about the code without running it.

use anyhow::{Context, Result};

use crate::{
    dependencies,
    process::{announce, cargo, program, run},
    tools,
};

/// All of them.
pub fn lint() -> Result<()> {
    format()?;
    clippy()?;
    dependencies::check()?;
    types()
}

/// Whether rustfmt would change anything.
pub fn format() -> Result<()> {
    announce("Checking the formatting");
    run(cargo().args(["fmt", "--all", "--check"])).context("run `cargo fmt`")
}

/// Clippy for every crate, each with the features and the target that it is built with.
pub fn clippy() -> Result<()> {
    announce("Checking lints, native");
    run(cargo()
        .args(["clippy", "--workspace", "--exclude", "uptrakit-frontend", "--all-targets"])
        .args(["--", "--deny", "warnings"]))?;
    announce("Checking lints, web app");
    tools::add_wasm_target()?;
    run(cargo()
        .args(["clippy", "--package", "uptrakit-frontend", "--package", "uptrakit-app"])
        .args(["--features", "uptrakit-app/csr", "--target", "wasm32-unknown-unknown"])
        .args(["--", "--deny", "warnings"]))
}

/// The types of the end-to-end tests.
pub fn types() -> Result<()> {
    announce("Checking the types of the end-to-end tests");
    let folder = tools::end2end_packages()?;
    run(program("npm").args(["run", "--silent", "check"]).current_dir(folder))
}
