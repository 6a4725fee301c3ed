//! `cargo xtask test`: everything that must hold before a change lands, in one command and one number.

use std::{
    io::{IsTerminal, stderr},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{
    dependencies, e2e, lint, openapi,
    postgres::{Cluster, URL_VARIABLE},
    process::{announce, cargo, find, watch},
    product::{self, Profile, Programs},
    proxies,
    tally::Tally,
};

/// A part of the whole that can be asked for by name.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<Tally>,
}

/// In the order in which they run: the cheap ones first, the web app before the server that carries it.
const STEPS: &[Step] = &[
    Step { name: "format", what: "rustfmt has nothing to change", run: || checked(lint::format) },
    Step { name: "types", what: "the end-to-end tests have right types", run: || checked(lint::types) },
    Step { name: "dependencies", what: "who may depend on whom", run: || checked(dependencies::check) },
    Step { name: "clippy", what: "lints, native and for the browser", run: || checked(lint::clippy) },
    Step { name: "web", what: "the web app builds", run: || checked(product::web) },
    Step { name: "rust", what: "unit, integration and command-line tests, on SQLite and Postgres", run: rust },
    Step { name: "openapi", what: "docs/openapi.json is what the server says", run: || checked(openapi::check) },
    Step { name: "doc", what: "examples in the documentation", run: doc },
    Step { name: "e2e", what: "journeys through a real browser", run: || e2e::run_suite(&[]) },
];

/// Runs the named steps, or all of them. A step that fails does not keep the others from running.
pub fn test(names: &[String]) -> Result<ExitCode> {
    if names.iter().any(|name| name == "-h" || name == "--help") {
        println!("Usage: cargo xtask test [STEP]…\n\n{}", list());
        return Ok(ExitCode::SUCCESS);
    }
    let mut total = Tally::default();
    let mut report = Vec::new();
    for step in chosen(names)? {
        let started = Instant::now();
        let outcome = (step.run)();
        let seconds = started.elapsed().as_secs();
        let (tally, verdict) = match outcome {
            Ok(tally) if tally.failed == 0 => (tally, "ok".to_owned()),
            Ok(tally) => (tally, format!("{} failed", tally.failed)),
            Err(error) => {
                eprintln!("error: {}: {error:#}", step.name);
                // It could not even be counted; it must still be seen in the last line.
                (Tally { passed: 0, failed: 1 }, format!("{error:#}"))
            }
        };
        total += tally;
        report.push(format!("{:<12} {seconds:>4} s  {:>4} passed  {verdict}", step.name, tally.passed));
    }
    println!("\n{}\n\n{total}", report.join("\n"));
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(names: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        bail!("there is no step `{unknown}`. The steps are:\n{}", list());
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

fn list() -> String {
    STEPS.iter().map(|step| format!("  {:<13} {}", step.name, step.what)).collect::<Vec<_>>().join("\n")
}

/// A check has no tests to count: it holds, or it is one failure.
fn checked(check: fn() -> Result<()>) -> Result<Tally> {
    check().map(|()| Tally::default())
}

/// Unit and integration tests of all crates. The ones of the command line use the server that was just built.
fn rust() -> Result<Tally> {
    let programs = product::programs(Profile::Debug)?;
    proxies::prepare();
    let postgres = Cluster::start_unless_given()?;
    announce("Running unit and integration tests");
    let mut runner = cargo();
    if find("cargo-nextest").is_some() {
        runner.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        runner.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    }
    runner.args(["--workspace", "--exclude", "uptrakit-frontend"]);
    counted(with_parts(&mut runner, &programs, postgres.as_ref()))
}

/// Examples in doc comments; nextest does not run them.
fn doc() -> Result<Tally> {
    announce("Running the examples in the documentation");
    counted(cargo().args(["test", "--doc", "--no-fail-fast", "--workspace", "--exclude", "uptrakit-frontend"]))
}

fn with_parts<'a>(runner: &'a mut Command, programs: &Programs, postgres: Option<&Cluster>) -> &'a mut Command {
    runner.env("UPTRAKIT_SERVER_BIN", &programs.server).env("UPTRAKIT_BIN", &programs.cli);
    if let Some(cluster) = postgres {
        runner.env(URL_VARIABLE, &cluster.url);
    }
    runner
}

fn counted(runner: &mut Command) -> Result<Tally> {
    // Piped output loses its colours unless they are asked for.
    if stderr().is_terminal() {
        runner.env("CARGO_TERM_COLOR", "always");
    }
    let mut tally = Tally::default();
    let worked = watch(runner, |line| tally.read_line(line))?;
    if !worked && tally.failed == 0 {
        return Err(anyhow::anyhow!("the tests can't be built or run")).context("see above");
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_run_in_their_own_order_and_unknown_ones_are_named() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let chosen_names = |chosen: Vec<&Step>| chosen.iter().map(|step| step.name).collect::<Vec<_>>();
        assert_eq!(chosen_names(chosen(&names(&["e2e", "web"])).unwrap()), ["web", "e2e"]);
        assert_eq!(chosen(&[]).unwrap().len(), STEPS.len());
        assert!(chosen(&names(&["e3e"])).err().unwrap().to_string().contains("`e3e`"));
    }
}
