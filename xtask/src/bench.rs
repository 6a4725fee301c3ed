//! `cargo xtask bench`: measures the product; how and with what result is in docs/performance.md.

use anyhow::Result;

use crate::process::{cargo, run, target};

/// Builds the bench for release and runs it; with `--cli` it measures the command line instead of the server.
pub fn bench(arguments: &[String]) -> Result<()> {
    let mut bench = cargo();
    bench.args(["run", "--release", "--package", "bench", "--"]);
    if arguments.iter().any(|argument| argument == "--cli") {
        run(cargo().args(["build", "--release", "--package", "uptrakit-cli"]))?;
        return run(bench.arg("cli").arg(target().join("release/uptrakit")));
    }
    run(bench.args(arguments))
}
