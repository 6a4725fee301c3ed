//! Whether requests are measured, which costs a look at the clock for each.

use std::sync::atomic::{AtomicBool, Ordering};

static MEASURED: AtomicBool = AtomicBool::new(false);

pub fn begin() {
    MEASURED.store(true, Ordering::Relaxed);
}

pub fn is_measured() -> bool {
    MEASURED.load(Ordering::Relaxed)
}
