//! Measures the cost of strict verification: the product beside bare axum with the same payload and beside one SELECT
//! per request, in one run and in alternation, on the same database. Only the ratios mean anything.

mod cli;
mod load;
mod mcp;
mod memory;
mod revoke;
mod seed;
mod serve;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// A request makes a few dozen small allocations; this allocator keeps them cheap and its memory small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the server under load.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Tokens in the database
    #[arg(long, default_value_t = 100_000)]
    tokens: u32,
    /// Different tokens that the requests carry
    #[arg(long, default_value_t = 1_000)]
    used: usize,
    /// Connections that send requests
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Times that the designs take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Revokes that are timed
    #[arg(long, default_value_t = 400)]
    revokes: usize,
    /// A Postgres database that may be filled; SQLite alone is measured without it
    #[arg(long, env = "UPTRAKIT_BENCH_POSTGRES_URL")]
    postgres: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve one design (what the bench starts by itself)
    #[command(hide = true)]
    Serve { design: serve::Design, database: String },
    /// Measure the command line (what `cargo xtask bench --cli` starts)
    #[command(hide = true)]
    Cli { program: PathBuf },
    /// Measure `/mcp` beside the JSON API (what `cargo xtask bench --mcp` starts)
    #[command(hide = true)]
    Mcp,
    /// Measure the memory of the server (what `cargo xtask bench --memory` starts)
    #[command(hide = true)]
    Memory {
        /// Tokens in the database
        #[arg(long, default_value_t = 1_000_000)]
        tokens: u32,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.command {
        Some(Command::Serve { design, database }) => return serve::serve(*design, database).await,
        Some(Command::Cli { program }) => return cli::measure(program).await,
        Some(Command::Mcp) => {
            let time = Duration::from_secs(arguments.seconds);
            let plan = load::Plan { tokens: Vec::new(), connections: arguments.connections, time };
            return mcp::measure(plan, arguments.rounds).await;
        }
        Some(Command::Memory { .. }) | None => {}
    }
    let directory = tempfile::tempdir()?;
    let sqlite = format!("sqlite://{}", directory.path().join("bench.db").display());
    for (engine, url) in [("SQLite", Some(&sqlite)), ("Postgres", arguments.postgres.as_ref())] {
        match (url, &arguments.command) {
            (Some(url), Some(Command::Memory { tokens })) => memory::measure(engine, url, *tokens).await?,
            (Some(url), _) => measure(&arguments, engine, url).await?,
            (None, _) => println!("\n{engine} is left out: give --postgres or UPTRAKIT_BENCH_POSTGRES_URL."),
        }
    }
    Ok(())
}

async fn measure(arguments: &Arguments, engine: &str, url: &str) -> Result<()> {
    println!("\n{engine}: filling the database with {} tokens …", arguments.tokens);
    let texts = seed::fill(url, arguments.tokens, arguments.used).await.context("the database can't be filled")?;
    let plan = load::Plan {
        tokens: texts.clone(),
        connections: arguments.connections,
        time: Duration::from_secs(arguments.seconds),
    };
    let cases = [
        (serve::Design::Bare, "/api/v1/auth/me"),
        (serve::Design::Select, "/api/v1/auth/me"),
        (serve::Design::Product, "/api/v1/auth/me"),
        (serve::Design::Product, "/api/v1/hosts?per_page=1"),
    ];
    let mut totals = vec![load::Measured::default(); cases.len()];
    for _ in 0..arguments.rounds {
        for ((design, path), total) in cases.iter().zip(&mut totals) {
            let server = serve::start(*design, url).await?;
            load::run(&server.address(), path, &plan.warm_up()).await?;
            let began = server.processor_micros();
            let mut measured = load::run(&server.address(), path, &plan).await?;
            measured.processor_micros = server.processor_micros() - began;
            total.add(measured);
            total.memory_kib = total.memory_kib.max(server.memory_kib());
        }
    }
    let bare = totals[0].per_second();
    println!(
        "{:<10} {:<26} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7}",
        engine, "request", "req/s", "p50 µs", "p99 µs", "cpu µs", "memory", "of bare", "failed"
    );
    for ((design, path), total) in cases.iter().zip(&mut totals) {
        println!(
            "{:<10} {path:<26} {:>9.0} {:>9} {:>9} {:>8.1} {:>6}Mi {:>8.2} {:>7}",
            design.name(),
            total.per_second(),
            total.percentile(50),
            total.percentile(99),
            total.processor_micros_each(),
            total.memory_kib / 1_024,
            total.per_second() / bare,
            total.failed
        );
    }
    revoke::measure(url, &plan, arguments.revokes).await
}
