//! Measures `/mcp`: `list_hosts` beside the same list over the JSON API, with 10 000 hosts, and a request that needs no
//! query of its own with an access token beside the same call with an API token.

use std::path::PathBuf;

use anyhow::{Context, Result};
use uptrakit_core::clock::{Clock, new_id};
use uptrakit_store::{
    Store,
    hosts::{self, HostRow},
};

use crate::{
    load::{self, Measured, Plan},
    seed,
    serve::{self, Design},
};

const HOSTS: i64 = 10_000;
const PER_PAGE: u32 = 50;
/// Number of API tokens and of access tokens.
const CREDENTIALS: u32 = 1_000;

type Write = fn(&str, &str) -> Vec<u8>;

pub async fn measure(mut plan: Plan, rounds: usize) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file: PathBuf = directory.path().join("bench.db");
    let url = format!("sqlite://{}", file.display());
    plan.tokens = seed::fill(&url, CREDENTIALS, CREDENTIALS as usize).await.context("the database can't be filled")?;
    add_hosts(&url).await?;
    let connected = seed::connect(&url, CREDENTIALS as usize).await.context("the database can't be filled")?;
    let connected = Plan { tokens: connected, ..plan.clone() };
    let lists: [(&str, &Plan, Write); 2] = [
        ("GET /api/v1/hosts", &plan, list),
        ("list_hosts at /mcp", &plan, |address, token| {
            call(address, token, "list_hosts", &format!(r#"{{"per_page":{PER_PAGE}}}"#))
        }),
    ];
    compare(&url, rounds, &lists).await?;
    let ping: Write = |address, token| post(address, token, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    let credentials = [("ping with an API token", &plan, ping), ("ping with an access token", &connected, ping)];
    compare(&url, rounds, &credentials).await
}

/// Measures the cases in turns, and prints each with its share of the first one.
async fn compare(url: &str, rounds: usize, cases: &[(&str, &Plan, Write)]) -> Result<()> {
    let mut totals = vec![Measured::default(); cases.len()];
    for _ in 0..rounds {
        for ((_, plan, write), total) in cases.iter().zip(&mut totals) {
            let server = serve::start(Design::Product, url).await?;
            let address = server.address();
            load::run_requests(&address, &plan.warm_up(), |token| write(&address, token)).await?;
            let began = server.processor_micros();
            let mut measured = load::run_requests(&address, plan, |token| write(&address, token)).await?;
            measured.processor_micros = server.processor_micros() - began;
            total.add(measured);
        }
    }
    let first = totals[0].per_second();
    println!(
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>8} {:>7}",
        "", "req/s", "p50 µs", "p99 µs", "cpu µs", "of first", "failed"
    );
    for ((name, ..), total) in cases.iter().zip(&mut totals) {
        println!(
            "{name:<28} {:>9.0} {:>9} {:>9} {:>9.1} {:>8.2} {:>7}",
            total.per_second(),
            total.percentile(50),
            total.percentile(99),
            total.processor_micros_each(),
            total.per_second() / first,
            total.failed
        );
    }
    Ok(())
}

fn list(address: &str, token: &str) -> Vec<u8> {
    load::request(address, &format!("/api/v1/hosts?per_page={PER_PAGE}"), token)
}

fn call(address: &str, token: &str, tool: &str, arguments: &str) -> Vec<u8> {
    let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
    post(address, token, &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#))
}

fn post(address: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\nmcp-protocol-version: 2025-11-25\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn add_hosts(url: &str) -> Result<()> {
    let store = Store::open(url, 4).await?;
    let now = Clock::System.now();
    let mut tx = store.begin().await?;
    for number in 0..HOSTS {
        let hostname = format!("host-{number:05}.example.org");
        let row = HostRow {
            id: new_id(now),
            machine_id: format!("{number:032x}"),
            hostname: hostname.clone(),
            friendly_name: None,
            os_name: "Debian GNU/Linux".into(),
            os_version: "12".into(),
            kernel: "6.1.0-18-amd64".into(),
            architecture: "x86_64".into(),
            pending_updates: Some(number % 40),
            security_updates: Some(number % 7),
            reboot_required: Some(number % 9 == 0),
            shared_machine_id_at: None,
            reporters: None,
            last_seen_at: now,
            created_at: now,
            updated_at: now,
            revision: hosts::next_revision(&mut tx).await?,
        };
        let search_key = format!("{hostname}\n\ndebian gnu/linux 12");
        hosts::upsert(&mut tx, &row, &hostname, &search_key).await?;
    }
    tx.commit().await?;
    store.close().await;
    Ok(())
}
