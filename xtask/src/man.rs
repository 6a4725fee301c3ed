//! `cargo xtask man`: writes the manual pages of the command line.

use anyhow::Result;

use crate::{
    process::{announce, program, run, target},
    product::{self, Profile},
};

pub fn man() -> Result<()> {
    let programs = product::programs(Profile::Debug)?;
    let folder = target().join("man");
    run(program(programs.cli).arg("man").arg(&folder))?;
    announce(&format!("The manual pages are in {}", folder.display()));
    Ok(())
}
