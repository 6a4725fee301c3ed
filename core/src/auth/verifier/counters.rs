//! What the verifier counts, for the metrics.

use std::sync::atomic::AtomicU64;

#[derive(Debug, Default)]
pub struct Counters {
    pub batches: AtomicU64,
    pub batched: AtomicU64,
    /// Requests that needed no batch, because nothing had been committed.
    pub validated: AtomicU64,
    pub lookups: AtomicU64,
    /// Batches that found an epoch other than the cached one; the first batch counts as well.
    pub moves: AtomicU64,
    pub granted: AtomicU64,
    pub refused: AtomicU64,
    pub unavailable: AtomicU64,
}
