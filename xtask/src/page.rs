//! `cargo xtask bench --page`: measures how many bytes the app's pages load, and how Lighthouse scores them.

use std::fs;

use anyhow::Result;

use crate::{
    browser,
    process::{announce, program, root, run},
    product::{self, Profile},
    split::Effort,
    tools,
};

/// Lighthouse is installed for this command alone, never for the tests.
pub fn measure() -> Result<()> {
    product::web(Effort::Full)?;
    let programs = product::programs(Profile::Release)?;
    let chromium = browser::chromium()?;
    let folder = root().join("bench/lighthouse");
    tools::node_packages(&folder, "Lighthouse")?;
    announce("Measuring the pages (about three minutes)");
    let mut node = program("node");
    node.arg("measure.js").current_dir(folder).env("UPTRAKIT_SERVER_BIN", programs.server);
    if let Some(chromium) = chromium {
        node.env("UPTRAKIT_CHROMIUM", fs::canonicalize(chromium)?);
    }
    run(&mut node)
}
