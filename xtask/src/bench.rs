//! `cargo xtask bench`: measures the product; how and with what result is in docs/performance.md.

use anyhow::Result;

use crate::process::{cargo, run};

/// Builds the bench for release and runs it.
pub fn bench(arguments: &[String]) -> Result<()> {
    run(cargo().args(["run", "--release", "--package", "bench", "--"]).args(arguments))
}
