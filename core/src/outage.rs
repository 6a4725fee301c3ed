//! The log of a database outage: the first request that failed, a count of the others every ten seconds, and the
//! recovery. A line for each of thousands of requests would hide what happened.

use std::time::Duration;

use tokio::time::Instant;

use crate::lock::Mutex;

#[derive(Debug, Default)]
pub struct Outage(Mutex<Option<State>>);

#[derive(Clone, Copy, Debug)]
struct State {
    began: Instant,
    counted: Instant,
    failed: u64,
    uncounted: u64,
}

impl Outage {
    /// Notes a request that was answered 503; returns true for the first one of an outage.
    pub fn fail(&self) -> bool {
        let mut state = self.0.lock();
        if let Some(state) = &mut *state {
            state.failed += 1;
            state.uncounted += 1;
            return false;
        }
        let now = Instant::now();
        *state = Some(State { began: now, counted: now, failed: 1, uncounted: 0 });
        true
    }

    /// Returns true from the first failed request of an outage until its recovery is logged.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.failed().is_some()
    }

    pub(crate) fn failed(&self) -> Option<u64> {
        self.0.lock().map(|state| state.failed)
    }

    /// Ends the outage if no request has failed since the count was `failed`; returns the duration and the failed
    /// requests.
    pub(crate) fn end(&self, failed: u64) -> Option<(Duration, u64)> {
        let mut state = self.0.lock();
        let ended = state.take_if(|state| state.failed == failed)?;
        Some((ended.began.elapsed(), ended.failed))
    }

    pub(crate) fn count(&self, every: Duration) -> Option<u64> {
        let mut state = self.0.lock();
        let state = state.as_mut().filter(|state| state.uncounted > 0 && state.counted.elapsed() >= every)?;
        state.counted = Instant::now();
        Some(std::mem::take(&mut state.uncounted))
    }
}
