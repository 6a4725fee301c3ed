//! `cargo xtask test`: runs everything that must hold before a change lands, and reports one number.

use std::{
    io::{IsTerminal, stderr},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{
    dependencies, e2e,
    lint::{self, Mode},
    mcp, openapi,
    postgres::{Cluster, URL_VARIABLE},
    process::{announce, cargo, watch},
    product::{self, Profile, Programs},
    proxies,
    split::Effort,
    tally::Tally,
    tools,
};

pub struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<Tally>,
    /// True when the step runs only when it is named, because another step includes it.
    is_part: bool,
}

impl Step {
    const fn new(name: &'static str, what: &'static str, run: fn() -> Result<Tally>) -> Self {
        Self { name, what, run, is_part: false }
    }

    const fn part(name: &'static str, what: &'static str, run: fn() -> Result<Tally>) -> Self {
        Self { is_part: true, ..Self::new(name, what, run) }
    }
}

/// The steps run in this order: the cheap ones first, the web app before the server that contains it.
const STEPS: &[Step] = &[
    Step::new("format", "rustfmt and Prettier have nothing to change", || checked(|| lint::format(Mode::Check))),
    Step::new("spelling", "no word is misspelt", || checked(lint::spelling)),
    Step::new("types", "the end-to-end tests have right types", || checked(lint::types)),
    Step::new("dependencies", "who may depend on whom", || checked(dependencies::check)),
    Step::new("third-parties", "dependencies are used, and allowed by deny.toml", || checked(lint::third_parties)),
    Step::new("clippy", "lints, native and for the browser", || checked(lint::clippy)),
    Step::new("web", "the web app builds", || checked(|| product::web(Effort::Full))),
    Step::new("rust", "unit, integration and command-line tests, on SQLite and Postgres", rust),
    Step::part("cli", "only the tests of the command line", cli),
    Step::new("openapi", "docs/openapi.json is what the server says", || checked(openapi::check)),
    Step::new("doc", "the documentation builds without warnings, and its examples run", doc),
    Step::new("mcp", "the MCP clients of others, and the conformance suite", mcp::run_clients),
    Step::new("e2e", "journeys through a real browser", || e2e::run_suite(&[])),
];

/// The other steps run even when one fails.
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
                // This step could not even be counted, and must still appear in the last line.
                (Tally { passed: 0, failed: 1 }, format!("{error:#}"))
            }
        };
        total += tally;
        report.push(format!("{:<13} {seconds:>4} s  {:>4} passed  {verdict}", step.name, tally.passed));
    }
    println!("\n{}\n\n{total}", report.join("\n"));
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub fn chosen(names: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        bail!("there is no step `{unknown}`. The steps are:\n{}", list());
    }
    let is_chosen = |step: &&Step| match names {
        [] => !step.is_part,
        names => names.iter().any(|name| name == step.name),
    };
    Ok(STEPS.iter().filter(is_chosen).collect())
}

fn list() -> String {
    STEPS.iter().map(|step| format!("  {:<13} {}", step.name, step.what)).collect::<Vec<_>>().join("\n")
}

/// A check has no tests to count: it holds, or it is one failure.
fn checked(check: fn() -> Result<()>) -> Result<Tally> {
    check().map(|()| Tally::default())
}

fn rust() -> Result<Tally> {
    let programs = product::programs(Profile::Debug)?;
    proxies::prepare();
    let postgres = Cluster::start_unless_given()?;
    announce("Running unit and integration tests");
    let mut runner = tools::nextest()?;
    runner.args(["run", "--no-fail-fast", "--workspace", "--exclude", "uptrakit-frontend"]);
    counted(with_parts(&mut runner, &programs, postgres.as_ref()))
}

fn cli() -> Result<Tally> {
    let programs = product::programs(Profile::Debug)?;
    announce("Running the tests of the command line");
    let mut runner = tools::nextest()?;
    runner.args(["run", "--no-fail-fast", "--package", "uptrakit-cli"]);
    counted(with_parts(&mut runner, &programs, None))
}

fn doc() -> Result<Tally> {
    lint::documentation()?;
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
    // Piped output loses its colours unless they are requested.
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
        assert_eq!(chosen(&[]).unwrap().len(), STEPS.len() - 1);
        assert_eq!(chosen_names(chosen(&names(&["cli"])).unwrap()), ["cli"]);
        assert!(chosen(&names(&["e3e"])).err().unwrap().to_string().contains("`e3e`"));
    }
}
