//! Measures how long a revoke takes under load, from its request to its acknowledgement, and to the end of a stream in
//! the same process and in another one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    load::{self, Plan},
    serve::{Design, Server, start},
};

pub async fn measure(url: &str, plan: &Plan, revokes: usize) -> Result<()> {
    let (here, there) = (start(Design::Product, url).await?, start(Design::Product, url).await?);
    let load = Plan {
        time: Duration::from_mins(10),
        connections: plan.connections / 2,
        tokens: plan.tokens.iter().skip(revokes).cloned().collect(),
    };
    // The load has threads of its own, so that the timed requests below don't wait for a turn among its tasks.
    let background = tokio::runtime::Runtime::new()?;
    let address = here.address();
    background.spawn(async move { load::run(&address, "/api/v1/auth/me", &load).await });
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for token in plan.tokens.iter().take(revokes) {
        let (mut near, mut far) = (follow(&here, token).await?, follow(&there, token).await?);
        let began = Instant::now();
        let acknowledged = revoke(&here, token).await?;
        let near_end = tokio::spawn(async move { ended(&mut near).await });
        let far_end = tokio::spawn(async move { ended(&mut far).await });
        times[0].push(acknowledged - began);
        times[1].push(near_end.await?? - began);
        times[2].push(far_end.await?? - began);
    }
    background.shutdown_background();
    println!("\n{:<44} {:>9} {:>9}", "revoke under load", "p50 ms", "p99 ms");
    let names =
        ["request to acknowledgement", "request to cut-off, same process", "request to cut-off, another process"];
    for (name, times) in names.iter().zip(&mut times) {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1_000.0;
        println!("{name:<44} {:>9.1} {:>9.1}", at(50), at(99));
    }
    Ok(())
}

async fn follow(server: &Server, token: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).await?;
    stream.write_all(&load::request(&server.address(), "/api/v1/hosts/events", token)).await?;
    let mut start = [0; 1];
    stream.read_exact(&mut start).await.context("the stream did not begin")?;
    Ok(stream)
}

async fn revoke(server: &Server, token: &str) -> Result<Instant> {
    let mut stream = TcpStream::connect(server.address()).await?;
    let request = load::request(&server.address(), "/api/v1/auth/api-tokens/current", token);
    let request = String::from_utf8(request)?.replacen("GET", "DELETE", 1);
    stream.write_all(request.as_bytes()).await?;
    let status = load::read_answer(&mut stream, &mut Vec::new()).await?;
    anyhow::ensure!(status == 204, "the revoke was answered with {status}");
    Ok(Instant::now())
}

async fn ended(stream: &mut TcpStream) -> Result<Instant> {
    let mut tail = Vec::new();
    let mut buffer = [0; 4_096];
    while !tail.ends_with(b"0\r\n\r\n") {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        tail.extend_from_slice(&buffer[..count]);
    }
    Ok(Instant::now())
}
