//! `cargo xtask openapi`: writes the API's description, generated from the handlers, where readers find it.

use std::fs;

use anyhow::Result;

use crate::process::{cargo, read, root};

/// Writes docs/openapi.json.
pub fn openapi() -> Result<()> {
    let document = read(cargo().args([
        "run",
        "--quiet",
        "--package",
        "uptrakit-server",
        "--bin",
        "uptrakit-server",
        "--",
        "openapi",
    ]))?;
    serde_json::from_str::<serde_json::Value>(&document)?;
    fs::write(root().join("docs/openapi.json"), document)?;
    Ok(())
}
