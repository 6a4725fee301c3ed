//! Writes the log to standard error. Lines wait in a bounded buffer and a thread of their own writes them, so that a
//! full disk and a reader that is gone or has stalled never fail or block a request. Lines that find no room or can't
//! be written are dropped and counted.

use std::{
    cell::Cell,
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Condvar, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Deserialize;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{self, SubscriberExt as _},
    util::SubscriberInitExt as _,
};
use uptrakit_core::log_limit::{Admitted, LogLimit};

/// At most this many bytes wait to be written.
const LONGEST_WAIT: usize = 1 << 20;
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// True while the thread writes lines that it has taken.
    is_writing: bool,
    /// Counts the lines that were dropped since the log last reported dropped lines.
    unsaid: u64,
}

static WAITING: LazyLock<Mutex<Waiting>> = LazyLock::new(Mutex::default);
static CHANGED: Condvar = Condvar::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// True while the report about dropped lines is logged, which is accepted even when the buffer is full.
    static IS_NOTICE: Cell<bool> = const { Cell::new(false) };
}

fn waiting() -> MutexGuard<'static, Waiting> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[must_use]
pub fn dropped_lines() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

fn drop_lines(waiting: &mut Waiting, text: &[u8]) {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
    waiting.unsaid += lines;
    DROPPED.fetch_add(lines, Ordering::Relaxed);
}

struct Line;

impl io::Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = waiting();
        if waiting.lines.len() + line.len() > LONGEST_WAIT && !IS_NOTICE.get() {
            drop_lines(&mut waiting, line);
        } else {
            waiting.lines.extend_from_slice(line);
            CHANGED.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn start(filter: EnvFilter, format: Format) -> io::Result<()> {
    std::thread::Builder::new().name("log".to_owned()).spawn(write_lines)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Line)
        .with_ansi(io::stderr().is_terminal())
        .log_internal_errors(false);
    match format {
        Format::Text => lines.finish().with(LibraryLimit).init(),
        Format::Json => lines.json().flatten_event(true).finish().with(LibraryLimit).init(),
    }
    // The default hook writes to standard error itself and waits for its reader.
    std::panic::set_hook(Box::new(|panic| {
        static WRITTEN: LogLimit<(String, u32)> = LogLimit::new();
        let (file, line) = panic.location().map_or(("", 0), |place| (place.file(), place.line()));
        if let Some(Admitted { left_out }) = WRITTEN.admit((file.to_owned(), line), Instant::now()) {
            let message = panic.payload_as_str().unwrap_or("no message");
            tracing::error!(place = format!("{file}:{line}"), left_out, "a part of the server panicked: {message}");
        }
    }));
    Ok(())
}

/// Limits what libraries log. In an outage sqlx would log a line for each slow statement and each wait for a
/// connection. Lines at `debug` and below appear only when the setting asks for them, and are not limited. Of rmcp
/// errors alone are logged: it writes several lines for each request, some of them with what the client sent.
struct LibraryLimit;

impl<S: Subscriber> Layer<S> for LibraryLimit {
    fn event_enabled(&self, event: &Event<'_>, _: layer::Context<'_, S>) -> bool {
        static WRITTEN: LogLimit<(&str, Option<u32>)> = LogLimit::new();
        let about = event.metadata();
        if about.target().starts_with("rmcp") && *about.level() > Level::ERROR {
            return false;
        }
        // The server itself logs once that a collector takes nothing, and that it does again.
        if about.target().starts_with("opentelemetry") && about.name().contains("Export") {
            return false;
        }
        if about.target().starts_with("uptrakit") || *about.level() > Level::INFO {
            return true;
        }
        let admitted = WRITTEN.admit((about.target(), about.line()), Instant::now());
        if let Some(Admitted { left_out: Some(left_out) }) = admitted {
            let target = about.target();
            tracing::warn!(target, left_out, "lines like the next one were left out");
        }
        admitted.is_some()
    }
}

fn write_lines() {
    let mut broke_off = false;
    loop {
        let lines = {
            let mut waiting = waiting();
            waiting.is_writing = false;
            CHANGED.notify_all();
            while waiting.lines.is_empty() {
                waiting = CHANGED.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            waiting.is_writing = true;
            std::mem::take(&mut waiting.lines)
        };
        let unwritten = write_all(&lines, &mut broke_off);
        if !unwritten.is_empty() {
            drop_lines(&mut waiting(), unwritten);
            continue;
        }
        let unsaid = std::mem::take(&mut waiting().unsaid);
        if unsaid > 0 {
            IS_NOTICE.set(true);
            tracing::warn!(lines = unsaid, "lines of the log were dropped, for they could not be written");
            IS_NOTICE.set(false);
        }
    }
}

/// Writes to standard error and returns the bytes that could not be written.
fn write_all<'l>(mut lines: &'l [u8], broke_off: &mut bool) -> &'l [u8] {
    let mut stderr = io::stderr();
    // This ends the line of which only a part was written.
    if *broke_off && stderr.write_all(b"\n").is_err() {
        return lines;
    }
    *broke_off = false;
    let mut last = b'\n';
    while !lines.is_empty() {
        match stderr.write(lines) {
            Ok(count) if count > 0 => {
                last = lines.get(count - 1).copied().unwrap_or(b'\n');
                lines = lines.get(count..).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                *broke_off = last != b'\n';
                return lines;
            }
        }
    }
    lines
}

/// Waits until all lines are written, for two seconds at most, because a stalled reader must not delay the exit.
pub fn flush() {
    let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.lines.is_empty();
    drop(CHANGED.wait_timeout_while(waiting(), FLUSH_TIMEOUT, is_busy));
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::LibraryLimit;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_do_not_flood_the_log_unless_it_was_asked_to_tell_all() {
        let writer = Written::default();
        let shared = writer.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::DEBUG);
        let lines = lines.with_writer(move || shared.clone());
        tracing::subscriber::with_default(lines.finish().with(LibraryLimit), || {
            for _ in 0..1_000 {
                tracing::warn!(target: "sqlx::query", "slow statement");
                tracing::warn!(target: "sqlx::pool::acquire", "slow acquire");
                tracing::debug!(target: "sqlx::query", "statement");
                tracing::info!(target: "uptrakit_core::domain", "token revoked");
                tracing::warn!(target: "rmcp::service", "response error");
                tracing::debug!(target: "rmcp::service", "received request");
            }
        });
        let text = String::from_utf8(writer.0.lock().unwrap().clone()).unwrap();
        let count = |part: &str| text.lines().filter(|line| line.ends_with(part)).count();
        assert_eq!(count("slow statement"), 1);
        assert_eq!(count("slow acquire"), 1);
        assert_eq!(count(": statement"), 1_000);
        assert_eq!(count("token revoked"), 1_000);
        assert_eq!((count("response error"), count("received request")), (0, 0));
    }
}
