//! `cargo xtask man`: the manual pages of the command line.

use std::fs;

use anyhow::Result;

use crate::process::{announce, cargo, run, target};

/// Writes them into `target/man`.
pub fn man() -> Result<()> {
    let folder = target().join("man");
    fs::create_dir_all(&folder)?;
    run(cargo().args(["run", "--quiet", "--package", "uptrakit-cli", "--bin", "uptrakit", "--", "man"]).arg(&folder))?;
    announce(&format!("The manual pages are in {}", folder.display()));
    Ok(())
}
