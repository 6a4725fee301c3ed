//! `cargo xtask openapi`: writes the description of the API, generated from the handlers, into the documentation, and
//! checks that it is up to date.

use std::{fs, path::PathBuf};

use anyhow::{Result, ensure};

use crate::{
    process::{announce, program, read, root},
    product::{self, Profile},
};

pub fn openapi() -> Result<()> {
    fs::write(file(), document()?)?;
    Ok(())
}

pub fn check() -> Result<()> {
    let document = document()?;
    announce("Checking docs/openapi.json");
    let written = fs::read_to_string(file()).unwrap_or_default();
    ensure!(written == document, "docs/openapi.json is out of date: run `cargo xtask openapi`");
    Ok(())
}

fn document() -> Result<String> {
    let programs = product::programs(Profile::Debug)?;
    let document = read(program(programs.server).arg("openapi"))?;
    serde_json::from_str::<serde_json::Value>(&document)?;
    Ok(document)
}

fn file() -> PathBuf {
    root().join("docs/openapi.json")
}
