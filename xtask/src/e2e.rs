//! `cargo xtask e2e`: tests the real server and the real command line through a real browser.

use std::{env, fs, process::ExitCode};

use anyhow::{Context, Result};

use crate::{
    browser, debian,
    postgres::{self, Cluster, URL_VARIABLE},
    process::{announce, program, run},
    product::{self, Profile},
    split::Effort,
    tally::Tally,
    tools,
};

pub fn e2e(arguments: &[String]) -> Result<ExitCode> {
    let tally = run_suite(arguments)?;
    println!("{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub fn run_suite(arguments: &[String]) -> Result<Tally> {
    product::web(Effort::Full)?;
    let programs = product::programs(Profile::Debug)?;
    let packages = tools::end2end_packages()?;
    let (chromium, firefox, webkit) = (browser::chromium()?, browser::firefox()?, browser::webkit());
    // One journey is signed in to at a terminal that `script` makes, another one leads to a server with a certificate.
    debian::require("script", "bsdutils")?;
    debian::require("openssl", "openssl")?;
    let postgres = own_postgres()?;
    announce("Running the end-to-end tests");
    let report = packages.join("test-results/report.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut playwright = program("npx");
    playwright
        .args(["playwright", "test"])
        .args(arguments)
        .current_dir(&packages)
        .env("UPTRAKIT_SERVER_BIN", &programs.server)
        .env("UPTRAKIT_BIN", &programs.cli);
    for (variable, browser) in
        [("UPTRAKIT_CHROMIUM", chromium), ("UPTRAKIT_FIREFOX", firefox), ("UPTRAKIT_WEBKIT", webkit)]
    {
        if let Some(browser) = browser {
            playwright.env(variable, browser);
        }
    }
    if let Some(cluster) = &postgres {
        playwright.env("UPTRAKIT_E2E_DATABASE_URL", &cluster.url);
    }
    let outcome = run(&mut playwright);
    let Ok(text) = fs::read_to_string(&report) else {
        outcome?;
        anyhow::bail!("Playwright wrote no report");
    };
    let tally = Tally::of_playwright(&text).with_context(|| format!("in {}", report.display()))?;
    // A failure outside a test, such as one of the setup, appears in the exit status alone.
    if tally.failed == 0 {
        outcome?;
    }
    Ok(tally)
}

/// Starts a cluster of the suite's own. A machine on which the other tests use a remote Postgres may have none.
fn own_postgres() -> Result<Option<Cluster>> {
    if postgres::is_left_out("The journey with two servers is") {
        return Ok(None);
    }
    match Cluster::start() {
        Ok(cluster) => Ok(Some(cluster)),
        Err(error) if env::var_os(URL_VARIABLE).is_some() => {
            announce(&format!("The journey with two servers is left out: {error:#}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
