//! Limits how long credentials are accepted after the database last took a write.
//!
//! A Postgres primary that a failover has left behind still answers reads, but does not know what is revoked at its
//! successor. Where replication is synchronous it takes no writes either, which distinguishes it from a primary in
//! service. The setting `reads_without_writes` is the time for which reads alone are trusted.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};

use crate::lock::Mutex;

#[derive(Debug)]
pub struct ReadGrace {
    limit: Duration,
    last_write: Mutex<Option<Instant>>,
    renewed: Notify,
}

impl ReadGrace {
    /// Makes a grace that trusts no reads before the first write.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, last_write: Mutex::default(), renewed: Notify::new() }
    }

    /// Notes a write that the database took. The grace counts from `began`, the time at which the write was started.
    pub fn renew(&self, began: Instant) {
        let mut last = self.last_write.lock();
        *last = last.max(Some(began));
        drop(last);
        self.renewed.notify_one();
    }

    /// Returns the reason as an error when the latest write is too long ago for reads to be trusted.
    pub fn check(&self, now: Instant) -> Result<(), Arc<str>> {
        match self.end() {
            Some(end) if now < end => Ok(()),
            _ => Err("the database has taken no write for longer than the setting reads_without_writes allows".into()),
        }
    }

    /// Writes with `probe` often enough that the grace lasts while the database takes writes, and calls `end` each time
    /// it ends.
    pub async fn follow<P: Future<Output = bool>>(&self, probe: impl Fn() -> P, end: impl Fn()) {
        let keep = async {
            loop {
                let _ = probe().await;
                tokio::time::sleep(self.limit / 4).await;
            }
        };
        let watch = async {
            loop {
                match self.end() {
                    Some(at) if Instant::now() < at => tokio::time::sleep_until(at).await,
                    _ => {
                        end();
                        let seconds = self.limit.as_secs();
                        tracing::error!("no credential is judged: the database has taken no write for {seconds} s");
                        while self.check(Instant::now()).is_err() {
                            self.renewed.notified().await;
                        }
                        tracing::warn!("credentials are judged again: the database takes writes");
                    }
                }
            }
        };
        tokio::join!(keep, watch);
    }

    fn end(&self) -> Option<Instant> {
        self.last_write.lock().map(|last| last + self.limit)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::ReadGrace;

    #[test]
    fn reads_are_believed_for_as_long_after_the_last_write_as_was_set() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let grace = ReadGrace::new(20 * second);
        assert!(grace.check(start).is_err(), "before the first write");
        grace.renew(start);
        assert!(grace.check(start + 19 * second).is_ok());
        assert!(grace.check(start + 20 * second).is_err());
        grace.renew(start + 60 * second);
        // This write began earlier and was answered later.
        grace.renew(start + 10 * second);
        assert!(grace.check(start + 79 * second).is_ok());
    }
}
