//! `cargo xtask bench`: measures the product; how and with what result is in docs/performance.md.

use anyhow::Result;

use crate::{
    page,
    process::{cargo, run},
};

/// Builds the bench for release and runs it; with `--page`, measures the pages instead.
pub fn bench(arguments: &[String]) -> Result<()> {
    if arguments == ["--page"] {
        return page::measure();
    }
    run(cargo().args(["run", "--release", "--package", "bench", "--"]).args(arguments))
}
