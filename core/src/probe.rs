//! A probe of the database that any client may trigger. Concurrent callers share one answer, and the database is asked
//! only a few times a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct SharedProbe {
    begun: AtomicU64,
    last: Mutex<Option<Answer>>,
}

#[derive(Debug)]
struct Answer {
    number: u64,
    outcome: Result<(), Arc<str>>,
    ended: Instant,
}

impl SharedProbe {
    /// Returns the outcome of a probe that began after this call: its own, or that of a concurrent caller.
    pub async fn ask(&self, probe: impl Future<Output = Result<(), Arc<str>>>) -> Result<(), Arc<str>> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some(answer) = &*last {
            if answer.number > begun {
                return answer.outcome.clone();
            }
            tokio::time::sleep_until(answer.ended + PAUSE).await;
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = match tokio::time::timeout(PROBE_TIMEOUT, probe).await {
            Ok(outcome) => outcome,
            Err(_) => Err(uptrakit_store::SILENT.into()),
        };
        *last = Some(Answer { number, outcome: outcome.clone(), ended: Instant::now() });
        outcome
    }
}
