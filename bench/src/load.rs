//! Generates load with as little work as possible, because the generator shares the processors with the server that it
//! measures: each raw connection sends its next request when it has read the last answer completely.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[derive(Clone, Debug)]
pub struct Plan {
    /// The requests carry these tokens in turn.
    pub tokens: Vec<String>,
    pub connections: usize,
    pub time: Duration,
}

#[derive(Clone, Debug, Default)]
pub struct Measured {
    latencies_micros: Vec<u32>,
    time: Duration,
    /// Counts the answers whose status was not 200.
    pub failed: u64,
    pub memory_kib: u64,
    pub processor_micros: u64,
}

impl Plan {
    /// Returns a short version of the plan, which fills caches and pools.
    pub fn warm_up(&self) -> Self {
        Self { time: Duration::from_millis(500), ..self.clone() }
    }
}

impl Measured {
    pub fn add(&mut self, other: Self) {
        self.latencies_micros.extend(other.latencies_micros);
        self.time += other.time;
        self.failed += other.failed;
        self.processor_micros += other.processor_micros;
    }

    pub fn per_second(&self) -> f64 {
        let count = u32::try_from(self.latencies_micros.len()).unwrap_or(u32::MAX);
        f64::from(count) / self.time.as_secs_f64()
    }

    pub fn processor_micros_each(&self) -> f64 {
        let count = u32::try_from(self.latencies_micros.len()).unwrap_or(u32::MAX);
        let micros = u32::try_from(self.processor_micros).unwrap_or(u32::MAX);
        f64::from(micros) / f64::from(count)
    }

    /// Returns a percentile of the latency, in microseconds.
    pub fn percentile(&mut self, percent: usize) -> u32 {
        self.latencies_micros.sort_unstable();
        let index = (self.latencies_micros.len() * percent / 100).min(self.latencies_micros.len().saturating_sub(1));
        self.latencies_micros.get(index).copied().unwrap_or_default()
    }
}

pub async fn run(address: &str, path: &str, plan: &Plan) -> Result<Measured> {
    run_requests(address, plan, |token| request(address, path, token)).await
}

/// Sends the requests that `write` makes of the plan's tokens.
pub async fn run_requests(address: &str, plan: &Plan, write: impl Fn(&str) -> Vec<u8>) -> Result<Measured> {
    let started = Instant::now();
    let end = started + plan.time;
    let mut workers = Vec::new();
    for index in 0..plan.connections {
        let share = plan.tokens.iter().skip(index).step_by(plan.connections.min(plan.tokens.len()));
        let tokens =
            if plan.tokens.len() < plan.connections { plan.tokens.iter().collect() } else { share.collect::<Vec<_>>() };
        let requests = tokens.into_iter().map(|token| write(token)).collect();
        workers.push(tokio::spawn(connection(address.to_owned(), requests, end)));
    }
    let mut measured = Measured::default();
    for worker in workers {
        measured.add(worker.await??);
    }
    measured.time = started.elapsed();
    Ok(measured)
}

pub fn request(address: &str, path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

async fn connection(address: String, requests: Vec<Vec<u8>>, end: Instant) -> Result<Measured> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut measured = Measured::default();
    let mut buffer = Vec::with_capacity(4_096);
    for request in requests.iter().cycle() {
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        stream.write_all(request).await?;
        if read_answer(&mut stream, &mut buffer).await? != 200 {
            measured.failed += 1;
        }
        measured.latencies_micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(measured)
}

pub async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
    };
    let text = std::str::from_utf8(&buffer[..head])?;
    let status = text.get(9..12).context("no status")?.parse()?;
    let length: usize = text
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("content-length")))
        .map_or(Ok(0), |(_, value)| value.trim().parse())?;
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the answer broke off");
        }
    }
    Ok(status)
}
