//! `cargo xtask lint`: runs every check that needs no running code.

use anyhow::{Context, Result};

use crate::{
    dependencies,
    process::{announce, cargo, program, run, succeeds},
    references, tools,
};

const PRETTIER: &[&str] = &[
    "style/**/*.css",
    "end2end/*.{ts,json}",
    "end2end/{pages,support,tests}/**/*.{ts,mjs}",
    "end2end/mcp/*.{mjs,json}",
    "frontend/*.js",
    "bench/lighthouse/*.js",
    ".github/**/*.yml",
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Check,
    Write,
}

pub fn lint() -> Result<()> {
    format(Mode::Check)?;
    spelling()?;
    types()?;
    dependencies::check()?;
    third_parties()?;
    clippy()?;
    documentation()
}

pub fn format(mode: Mode) -> Result<()> {
    let (what, rustfmt, prettier) = match mode {
        Mode::Check => ("Checking the formatting", Some("--check"), "--check"),
        Mode::Write => ("Formatting", None, "--write"),
    };
    announce(what);
    run(cargo().args(["fmt", "--all"]).args(rustfmt)).context("run `cargo xtask format`")?;
    // The width of lines and the indents come from .editorconfig.
    run(program(tools::end2end_packages()?.join("node_modules/.bin/prettier"))
        .args(["--log-level", "warn", prettier])
        .args(PRETTIER))
    .context("run `cargo xtask format`")
}

pub fn spelling() -> Result<()> {
    announce("Checking the spelling");
    run(&mut tools::typos()?)
}

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

pub fn documentation() -> Result<()> {
    references::check()?;
    announce("Checking the documentation of the code");
    run(cargo()
        .args(["doc", "--workspace", "--exclude", "uptrakit-frontend", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "--deny warnings"))
}

pub fn types() -> Result<()> {
    announce("Checking the types of the end-to-end tests");
    let folder = tools::end2end_packages()?;
    run(program("npm").args(["run", "--silent", "check"]).current_dir(folder))
}

pub fn third_parties() -> Result<()> {
    announce("Checking for unused dependencies");
    run(&mut tools::cargo_machete()?)?;
    announce("Checking licences, sources and known faults of dependencies");
    let mut checks = vec!["bans", "licenses", "sources"];
    if succeeds(tools::cargo_deny()?.args(["fetch", "db"])) {
        checks.push("advisories");
    } else {
        announce("Known faults are left out, because RustSec's database at github.com can't be reached");
    }
    run(tools::cargo_deny()?.args(["--log-level", "error", "check", "--hide-inclusion-graph"]).args(checks))
}
