//! Whether the database takes writes. Finding out is a write that anybody may ask for, so those who ask at once share
//! one, and there are few in a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

use super::Store;

/// How long a probe may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long after a probe the next one waits.
const PAUSE: Duration = Duration::from_millis(100);

/// The probes of a database.
#[derive(Debug, Default)]
pub struct Readiness {
    begun: AtomicU64,
    last: Mutex<Option<Probe>>,
}

#[derive(Debug)]
struct Probe {
    number: u64,
    outcome: Result<(), Arc<str>>,
    ended: Instant,
}

impl Readiness {
    /// What a probe finds that begins after this is called.
    pub async fn find_out(&self, store: &Store, now: i64) -> Result<(), Arc<str>> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some(probe) = &*last {
            if probe.number > begun {
                return probe.outcome.clone();
            }
            tokio::time::sleep_until(probe.ended + PAUSE).await;
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = match tokio::time::timeout(PATIENCE, store.probe(now)).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string().into()),
            Err(_) => Err("the database did not answer in time".into()),
        };
        *last = Some(Probe { number, outcome: outcome.clone(), ended: Instant::now() });
        outcome
    }
}
