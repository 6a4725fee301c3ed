//! Limits log lines that could come by the thousand.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::lock::Mutex;

const EVERY: Duration = Duration::from_secs(10);

/// Admits one line of each kind every ten seconds, and counts those in between. No kind is ever removed, so there must
/// be few.
#[derive(Debug, Default)]
pub struct LogLimit<K>(Mutex<BTreeMap<K, Written>>);

#[derive(Clone, Copy, Debug)]
struct Written {
    at: Instant,
    left_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    pub left_out: Option<u64>,
}

impl<K: Ord> LogLimit<K> {
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    pub fn admit(&self, kind: K, now: Instant) -> Option<Admitted> {
        let mut kinds = self.0.lock();
        let Some(written) = kinds.get_mut(&kind) else {
            kinds.insert(kind, Written { at: now, left_out: 0 });
            return Some(Admitted { left_out: None });
        };
        if now.saturating_duration_since(written.at) < EVERY {
            written.left_out += 1;
            return None;
        }
        let left_out = Some(written.left_out).filter(|left_out| *left_out > 0);
        *written = Written { at: now, left_out: 0 };
        Some(Admitted { left_out })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{EVERY, LogLimit};

    #[test]
    fn a_line_of_each_kind_comes_once_in_a_while_and_tells_how_many_were_left_out() {
        let (limit, start) = (LogLimit::new(), Instant::now());
        let admit = |kind: &'static str, after: Duration| limit.admit(kind, start + after).map(|line| line.left_out);
        assert_eq!(admit("a", Duration::ZERO), Some(None));
        assert_eq!(admit("a", Duration::ZERO), None);
        assert_eq!(admit("a", EVERY / 2), None);
        assert_eq!(admit("b", EVERY / 2), Some(None));
        assert_eq!(admit("a", EVERY), Some(Some(2)));
        assert_eq!(admit("a", EVERY * 3 / 2), None);
        assert_eq!(admit("a", EVERY * 2), Some(Some(1)));
        assert_eq!(admit("a", EVERY * 9), Some(None));
    }
}
