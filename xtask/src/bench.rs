//! `cargo xtask bench`: measures the product. The method and the results are in docs/performance.md.

use anyhow::Result;

use crate::{
    page,
    process::{cargo, run, target},
};

pub fn bench(arguments: &[String]) -> Result<()> {
    if arguments == ["--page"] {
        return page::measure();
    }
    let mut bench = cargo();
    bench.args(["run", "--release", "--package", "bench", "--"]);
    if arguments == ["--cli"] {
        run(cargo().args(["build", "--release", "--package", "uptrakit-cli"]))?;
        return run(bench.arg("cli").arg(target().join("release/uptrakit")));
    }
    if arguments == ["--mcp"] {
        return run(bench.arg("mcp"));
    }
    if arguments == ["--memory"] {
        return run(bench.arg("memory"));
    }
    run(bench.args(arguments))
}
