//! A mutex that works on after a panic. What this program keeps in one is consistent at every moment, so that a thread
//! that panicked while it held the lock has left nothing half done. The mutex of parking_lot is like this too, and takes
//! longer to lock.

use std::sync::{self, PoisonError};

pub use std::sync::MutexGuard;

#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::Mutex;

    #[test]
    fn a_panic_under_the_lock_does_not_keep_others_out() {
        let mutex = Mutex::new(1);
        let panicked = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let mut value = mutex.lock();
            *value = 2;
            panic!("while it is locked");
        }));
        assert!(panicked.is_err());
        assert_eq!(*mutex.lock(), 2);
    }
}
