//! Measures how long `uptrakit auth status` takes beside the request that it makes, and how large the program is. The
//! program and the bare request take turns, so that other load on the machine affects both.

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{seed, serve};

const RUNS: usize = 200;
const WARM_UP: usize = 10;
/// The program should reach its first output within this time beside the request, and have at most this size on disk.
const AIM_MILLIS: f64 = 30.0;
const AIM_MEGABYTES: f64 = 12.0;

pub async fn measure(program: &Path) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let database = format!("sqlite://{}", directory.path().join("bench.db").display());
    let token = seed::fill(&database, 100, 1).await?.pop().context("no token was made")?;
    let server = serve::start(serve::Design::Product, &database).await?;
    let address = server.address();
    let (mut whole, mut request, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..WARM_UP + RUNS {
        let asked = ask(&address, &token).await?;
        let (command, folder) = (program.to_owned(), directory.path().to_owned());
        let (url, text) = (format!("http://{address}"), token.clone());
        let started = tokio::task::spawn_blocking(move || first_output(&command, &url, &text, &folder)).await??;
        if run >= WARM_UP {
            whole.push(started);
            request.push(asked);
            beside.push(started.saturating_sub(asked));
        }
    }
    println!("{:<44} {:>8} {:>8}", "auth status", "p50 ms", "p99 ms");
    for (name, times) in [
        ("start to first output", &mut whole),
        ("the request alone", &mut request),
        ("start to first output, beside the request", &mut beside),
    ] {
        times.sort();
        println!("{name:<44} {:>8.2} {:>8.2}", percentile(times, 50), percentile(times, 99));
    }
    #[expect(clippy::cast_precision_loss, reason = "a program of a petabyte would be told from its aim all the same")]
    let megabytes = fs::metadata(program)?.len() as f64 / 1e6;
    println!("\nThe aim is {AIM_MILLIS} ms. The program has {megabytes:.1} MB; the aim is {AIM_MEGABYTES} MB.");
    Ok(())
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
}

fn first_output(program: &Path, url: &str, token: &str, home: &Path) -> Result<Duration> {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(["auth", "status"])
        .env_clear()
        .envs([("UPTRAKIT_SERVER", url), ("UPTRAKIT_TOKEN", token)])
        .env("HOME", home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdout = child.stdout.take().context("the program has no output")?;
    stdout.read_exact(&mut [0])?;
    let time = start.elapsed();
    stdout.read_to_end(&mut Vec::new())?;
    ensure!(child.wait()?.success(), "`uptrakit auth status` failed");
    Ok(time)
}

/// Sends the program's request over a connection of its own and measures the time to the first byte of the answer.
async fn ask(address: &str, token: &str) -> Result<Duration> {
    let request = format!(
        "GET /api/v1/auth/me HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    let start = Instant::now();
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(request.as_bytes()).await?;
    connection.read_u8().await?;
    let time = start.elapsed();
    connection.read_to_end(&mut Vec::new()).await?;
    Ok(time)
}
