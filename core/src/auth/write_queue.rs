//! A queue of items that requests add in memory and a background task writes. Nothing is lost in between: an item that
//! could not be written stays in the queue, whatever the reason.

use crate::lock::{Mutex, MutexGuard};

#[derive(Debug)]
pub struct WriteQueue<T> {
    waiting: Mutex<Vec<T>>,
    /// The writer of a batch holds this lock, so that the last flush, when the server stops, finds what the one before
    /// left.
    writing: tokio::sync::Mutex<()>,
}

/// A batch that is being written. When it is dropped, its remaining items return to the queue, whether writing failed
/// or was cancelled.
#[derive(Debug)]
pub struct PendingBatch<'b, T> {
    backlog: &'b WriteQueue<T>,
    items: Vec<T>,
    _alone: tokio::sync::MutexGuard<'b, ()>,
}

impl<T> WriteQueue<T> {
    pub fn push(&self, item: T) {
        self.lock().push(item);
    }

    /// Takes the items that are due, as soon as no other batch is being written.
    pub async fn take(&self, is_due: impl FnMut(&mut T) -> bool) -> PendingBatch<'_, T> {
        let alone = self.writing.lock().await;
        let items = self.lock().extract_if(.., is_due).collect();
        PendingBatch { backlog: self, items, _alone: alone }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.waiting.lock()
    }
}

impl<T> Default for WriteQueue<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), writing: tokio::sync::Mutex::default() }
    }
}

impl<T> PendingBatch<'_, T> {
    pub const fn count(&self) -> usize {
        self.items.len()
    }

    pub fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K) {
        self.items.sort_by_key(key);
    }

    pub fn last(&self, most: usize) -> Option<&[T]> {
        let (_, last) = self.items.split_at(self.items.len().saturating_sub(most));
        (!last.is_empty()).then_some(last)
    }

    pub fn forget_last(&mut self, most: usize) {
        self.items.truncate(self.items.len().saturating_sub(most));
    }
}

impl<T> Drop for PendingBatch<'_, T> {
    fn drop(&mut self) {
        self.backlog.lock().append(&mut self.items);
    }
}

#[cfg(test)]
mod tests {
    use super::WriteQueue;

    #[tokio::test]
    async fn what_was_not_written_waits_again() {
        let backlog = WriteQueue::default();
        for item in 1..=5 {
            backlog.push(item);
        }
        let mut taken = backlog.take(|item| *item > 1).await;
        assert_eq!((taken.count(), taken.last(3)), (4, Some(&[3, 4, 5][..])));
        taken.forget_last(3);
        assert_eq!(taken.last(3), Some(&[2][..]));
        drop(taken);
        let mut taken = backlog.take(|_| true).await;
        taken.sort_by_key(|item| *item);
        assert_eq!(taken.last(9), Some(&[1, 2][..]));
        taken.forget_last(9);
        assert_eq!(taken.last(9), None);
    }

    #[tokio::test]
    async fn only_one_writes_at_a_time() {
        let backlog = WriteQueue::default();
        backlog.push(1);
        let first = backlog.take(|_| true).await;
        let second = async { backlog.take(|_| true).await.count() };
        let (found, ()) = tokio::join!(second, async {
            tokio::task::yield_now().await;
            drop(first);
        });
        assert_eq!(found, 1, "the second finds what the first left");
    }
}
