//! Measures the memory of the product: at rest, with idle connections, with event streams, and with more tokens in use
//! than it keeps in memory.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    load, seed,
    serve::{Design, Server, start},
};

const IDLE_CONNECTIONS: usize = 5_000;
const STREAMS: usize = 2_000;
/// This is more than the verifier keeps in memory.
const TOKENS_IN_USE: usize = 200_000;
const CONNECTIONS: usize = 64;
/// What was allocated for the last requests is given back, and tasks that follow a start are done.
const SETTLING: Duration = Duration::from_secs(2);

/// Prints a line for each state. `tokens` is how many tokens the database has in the last of them.
pub async fn measure(engine: &str, url: &str, tokens: u32) -> Result<()> {
    // A connection needs a file descriptor here and one in the server, which inherits the limit.
    rlimit::increase_nofile_limit(rlimit::INFINITY).context("too few file descriptors")?;
    let first = u32::try_from(STREAMS)?;
    let secrets = seed::fill(url, first, STREAMS).await?;

    let server = start(Design::Product, url).await?;
    let mut connections = vec![ask(&server, &secrets[0]).await?];
    let at_rest = settled(&server).await;
    print(engine, "at rest", at_rest);
    while connections.len() < IDLE_CONNECTIONS {
        connections.push(ask(&server, &secrets[connections.len() % secrets.len()]).await?);
    }
    print_each(engine, "idle connections", IDLE_CONNECTIONS, settled(&server).await, at_rest);
    drop((connections, server));

    let server = start(Design::Product, url).await?;
    let mut streams = Vec::new();
    for secret in &secrets {
        streams.push(follow(&server, secret).await?);
    }
    print_each(engine, "event streams", STREAMS, settled(&server).await, at_rest);
    drop((streams, server));

    let used = TOKENS_IN_USE.min(tokens as usize);
    let secrets = seed::fill(url, tokens.saturating_sub(first), used).await?;
    let server = start(Design::Product, url).await?;
    let connection = ask(&server, &secrets[0]).await?;
    print(engine, &format!("{tokens} tokens in the database, at rest"), settled(&server).await);
    drop(connection);
    use_each_once(&server, &secrets).await?;
    let what = format!("{tokens} tokens in the database, {} of them used", secrets.len());
    print(engine, &what, settled(&server).await);
    Ok(())
}

/// The memory in KiB: what was allocated, and all that is resident.
#[derive(Clone, Copy)]
struct Memory {
    allocated: u64,
    resident: u64,
}

async fn settled(server: &Server) -> Memory {
    tokio::time::sleep(SETTLING).await;
    Memory { allocated: server.allocated_kib(), resident: server.memory_kib() }
}

fn print(engine: &str, what: &str, memory: Memory) {
    let (allocated, resident) = (memory.allocated / 1_024, memory.resident / 1_024);
    println!("{engine:<10} {what:<60} {allocated:>5} MiB allocated {resident:>5} MiB resident");
}

fn print_each(engine: &str, what: &str, count: usize, memory: Memory, at_rest: Memory) {
    let each = memory.allocated.saturating_sub(at_rest.allocated) / count as u64;
    print(engine, &format!("{count} {what} ({each} KiB each)"), memory);
}

/// Sends a request on a new connection, and returns the connection after the answer.
async fn ask(server: &Server, secret: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).await?;
    stream.write_all(&load::request(&server.address(), "/api/v1/auth/me", secret)).await?;
    let status = load::read_answer(&mut stream, &mut Vec::new()).await?;
    ensure!(status == 200, "the request was answered with {status}");
    Ok(stream)
}

/// Opens an event stream and waits for its first bytes.
async fn follow(server: &Server, secret: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).await?;
    stream.write_all(&load::request(&server.address(), "/api/v1/hosts/events", secret)).await?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.context("the stream did not begin")?;
    ensure!(start.ends_with(b"200"), "the stream was refused: {}", String::from_utf8_lossy(&start));
    Ok(stream)
}

async fn use_each_once(server: &Server, secrets: &[String]) -> Result<()> {
    let mut workers = Vec::new();
    for share in secrets.chunks(secrets.len().div_ceil(CONNECTIONS)) {
        let address = server.address();
        let requests: Vec<_> = share.iter().map(|secret| load::request(&address, "/api/v1/auth/me", secret)).collect();
        workers.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            let mut buffer = Vec::new();
            for request in requests {
                stream.write_all(&request).await?;
                let status = load::read_answer(&mut stream, &mut buffer).await?;
                ensure!(status == 200, "a request was answered with {status}");
            }
            Ok(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    Ok(())
}
