//! Limits on failures per key, held in memory. Only failures count, so that a client that succeeds is never slowed down
//! by its own requests. The arithmetic is the generic cell rate algorithm (GCRA), which keeps one instant per key. The crate
//! governor has it as well, but its check counts every attempt, and no success takes anything back.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use uptrakit_api::Timestamp;

use crate::clock::horizon;
use crate::lock::{Mutex, MutexGuard};

/// At this number of keys that owe something, every new key has to wait. Keys that owe nothing any more are dropped
/// before.
const MOST_KEYS: usize = 100_000;

/// The origin of attempts as the limits see it: an IPv4 address, or the first 64 bits of an IPv6 address. A client with
/// one IPv6 address usually has all 2⁶⁴ addresses of its network, and could use a new one for each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address @ IpAddr::V4(_) => address,
        })
    }
}

#[derive(Debug)]
pub struct RateLimiter<K> {
    burst: i64,
    every_millis: i64,
    owing: Mutex<Owing<K>>,
}

#[derive(Debug)]
struct Owing<K> {
    /// For each key, the instant in milliseconds since the Unix epoch at which it owes nothing any more.
    free_at: HashMap<K, i64>,
    /// When the keys that owe nothing any more were last dropped, in milliseconds since the Unix epoch.
    swept_at: i64,
}

impl<K: Eq + Hash> RateLimiter<K> {
    /// Allows `burst` failures at once, then one per `every`.
    #[must_use]
    pub fn new(burst: u32, every: Duration) -> Self {
        let every_millis = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
        Self {
            burst: burst.into(),
            every_millis,
            owing: Mutex::new(Owing { free_at: HashMap::new(), swept_at: i64::MIN }),
        }
    }

    /// Returns the time that the key has to wait before its next attempt, or `None` when it may try now.
    pub fn wait(&self, key: &K, now: Timestamp) -> Option<Duration> {
        self.wait_in(&mut self.lock(), key, now)
    }

    /// Counts a failure of a key that may try now, or returns the time that the key has to wait. The check and the
    /// count share one lock: of many concurrent attempts, no more pass than could have passed one after the other.
    pub fn fail(&self, key: K, now: Timestamp) -> Option<Duration> {
        let mut owing = self.lock();
        let wait = self.wait_in(&mut owing, &key, now);
        if wait.is_none() {
            self.count_in(&mut owing, key, now);
        }
        wait
    }

    pub fn count(&self, key: K, now: Timestamp) {
        self.count_in(&mut self.lock(), key, now);
    }

    pub fn forgive(&self, key: &K) {
        self.lock().free_at.remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Owing<K>> {
        self.owing.lock()
    }

    fn wait_in(&self, owing: &mut Owing<K>, key: &K, now: Timestamp) -> Option<Duration> {
        self.sweep(owing, now);
        let free_at = match owing.free_at.get(key) {
            Some(free_at) if self.is_from_future(*free_at, now) => return None,
            Some(free_at) => *free_at,
            None if owing.free_at.len() >= MOST_KEYS => {
                return Some(Duration::from_millis(self.every_millis.unsigned_abs()));
            }
            None => return None,
        };
        let over = free_at - now.0 - (self.burst - 1) * self.every_millis;
        (over > 0).then(|| Duration::from_millis(over.unsigned_abs()))
    }

    /// Drops the keys that owe nothing any more where there are too many, once in a second at most: it looks at all.
    fn sweep(&self, owing: &mut Owing<K>, now: Timestamp) {
        let is_due = now.0.saturating_sub(owing.swept_at) >= 1_000 || now.0 < owing.swept_at;
        if owing.free_at.len() >= MOST_KEYS && is_due {
            owing.swept_at = now.0;
            owing.free_at.retain(|_, free_at| *free_at > now.0 && !self.is_from_future(*free_at, now));
        }
    }

    fn count_in(&self, owing: &mut Owing<K>, key: K, now: Timestamp) {
        self.sweep(owing, now);
        let most = now.0 + self.burst * self.every_millis;
        let free_at = owing.free_at.entry(key).or_insert(now.0);
        if self.is_from_future(*free_at, now) {
            *free_at = now.0;
        }
        *free_at = ((*free_at).max(now.0) + self.every_millis).min(most);
    }

    /// Returns true when the instant lies further ahead than any key can owe: it was stored before the clock was set
    /// back, and says nothing about the present.
    fn is_from_future(&self, free_at: i64, now: Timestamp) -> bool {
        free_at > horizon(now).0 + self.burst * self.every_millis
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientNetwork, RateLimiter};
    use std::{net::IpAddr, time::Duration};
    use uptrakit_api::Timestamp;

    #[test]
    fn a_burst_passes_then_one_every_so_often_and_others_are_not_held_up() {
        let limiter = RateLimiter::new(3, Duration::from_secs(10));
        let now = Timestamp(1_000_000);
        for _ in 0..3 {
            assert_eq!(limiter.wait(&"a", now), None);
            limiter.count("a", now);
        }
        assert_eq!(limiter.wait(&"a", now), Some(Duration::from_secs(10)));
        assert_eq!(limiter.wait(&"b", now), None);
        assert_eq!(limiter.wait(&"a", now.plus_millis(9_999)), Some(Duration::from_millis(1)));
        assert_eq!(limiter.wait(&"a", now.plus_millis(10_000)), None);
        limiter.count("a", now.plus_millis(10_000));
        assert!(limiter.wait(&"a", now.plus_millis(10_000)).is_some());
        limiter.forgive(&"a");
        assert_eq!(limiter.wait(&"a", now.plus_millis(10_000)), None);
    }

    #[test]
    fn of_many_who_asked_at_once_only_so_many_fail() {
        let limiter = RateLimiter::new(3, Duration::from_secs(10));
        let now = Timestamp(0);
        let told = (0..9).filter(|_| limiter.fail("a", now).is_none()).count();
        assert_eq!(told, 3);
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let source = |text: &str| ClientNetwork::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_ne!(source("203.0.113.1"), source("203.0.113.2"));
        assert_eq!(source("::ffff:203.0.113.1"), source("203.0.113.1"));
    }

    #[test]
    fn failures_of_a_clock_that_was_ahead_hold_up_nobody_once_it_is_right() {
        let limiter = RateLimiter::new(3, Duration::from_secs(10));
        let (ahead, now) = (Timestamp(365 * 86_400_000), Timestamp(0));
        for _ in 0..5 {
            limiter.count("a", ahead);
        }
        assert_eq!(limiter.wait(&"a", now), None);
        let told = (0..9).filter(|_| limiter.fail("a", now).is_none()).count();
        assert_eq!((told, limiter.wait(&"a", now)), (3, Some(Duration::from_secs(10))));
        for _ in 0..5 {
            limiter.count("b", Timestamp(2_000));
        }
        assert!(limiter.wait(&"b", now).is_some(), "seconds of a clock that is being set forgive nothing");
    }

    #[test]
    fn a_limiter_that_is_full_admits_new_keys_once_old_ones_owe_nothing() {
        let limiter = RateLimiter::new(3, Duration::from_secs(10));
        for key in 0..super::MOST_KEYS {
            limiter.count(key, Timestamp(0));
        }
        assert!(limiter.wait(&usize::MAX, Timestamp(0)).is_some(), "memory is bounded");
        assert_eq!(limiter.wait(&usize::MAX, Timestamp(10_001)), None);
        assert_eq!(limiter.fail(usize::MAX, Timestamp(10_001)), None);
    }

    #[test]
    fn however_many_failures_the_wait_is_bounded() {
        let limiter = RateLimiter::new(5, Duration::from_secs(20));
        let now = Timestamp(0);
        for _ in 0..10_000 {
            limiter.count("a", now);
        }
        assert_eq!(limiter.wait(&"a", now), Some(Duration::from_secs(20)));
    }
}
