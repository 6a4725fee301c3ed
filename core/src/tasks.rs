//! Tasks that run as long as the server does. A task that ends, by a panic or by returning, is restarted. The registry
//! knows which tasks are down, for readiness, and counts restarts, for `/metrics`.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::lock::{Mutex, MutexGuard};

/// A task is restarted after this delay, which doubles up to `LONGEST_DELAY` until the task has settled.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(1);
/// A task must run this long after a restart to count as running: longer than a round of the tasks that must never
/// rest.
const SETTLE_TIME: Duration = Duration::from_secs(2);
const LINE_EVERY: Duration = Duration::from_mins(1);

#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Mutex<BTreeMap<&'static str, Status>>>);

#[derive(Clone, Copy, Debug, Default)]
struct Status {
    is_down: bool,
    restarts: u64,
}

impl Tasks {
    /// Runs the future that `factory` makes until `end` is cancelled, and makes a new one whenever it ends before.
    pub fn supervise<F>(&self, name: &'static str, end: CancellationToken, factory: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.change(name, |_| {});
        let tasks = self.clone();
        tokio::spawn(async move {
            let ending = end.clone();
            ending.run_until_cancelled(tasks.restart(name, &end, factory)).await;
        });
    }

    async fn restart<F>(&self, name: &'static str, end: &CancellationToken, mut factory: impl FnMut() -> F)
    where
        F: Future<Output = ()>,
    {
        let mut delay = FIRST_DELAY;
        let mut told: Option<Instant> = None;
        let mut is_told_down = false;
        loop {
            // The factory may panic, and so may the future that it makes.
            let mut task = Box::pin(AssertUnwindSafe(async { factory().await }).catch_unwind());
            let ended = match tokio::time::timeout(SETTLE_TIME, &mut task).await {
                Ok(ended) => ended,
                Err(_) => {
                    delay = FIRST_DELAY;
                    self.change(name, |status| status.is_down = false);
                    if std::mem::take(&mut is_told_down) {
                        tracing::warn!(task = name, "background task runs again");
                    }
                    task.await
                }
            };
            if end.is_cancelled() {
                return;
            }
            let restarts = self.change(name, |status| {
                status.is_down = true;
                status.restarts += 1;
            });
            if told.is_none_or(|told| told.elapsed() >= LINE_EVERY) {
                told = Some(Instant::now());
                is_told_down = true;
                let cause = if ended.is_err() { "it panicked" } else { "it returned" };
                tracing::error!(task = name, cause, restarts, "background task ended and is started again");
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    }

    fn change(&self, name: &'static str, change: impl FnOnce(&mut Status)) -> u64 {
        let mut tasks = self.lock();
        let status = tasks.entry(name).or_default();
        change(status);
        status.restarts
    }

    #[must_use]
    pub fn first_down(&self) -> Option<&'static str> {
        self.lock().iter().find(|(_, status)| status.is_down).map(|(name, _)| *name)
    }

    #[must_use]
    pub fn restarts(&self) -> Vec<(&'static str, u64)> {
        self.lock().iter().map(|(name, status)| (*name, status.restarts)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Status>> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tokio_util::sync::CancellationToken;

    use super::Tasks;

    /// Everything here takes less time than this.
    const LONGEST: Duration = Duration::from_secs(30);

    async fn wait_for(what: &str, found: impl Fn() -> bool) {
        let waiting = async {
            while !found() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONGEST, waiting).await.unwrap_or_else(|_| panic!("{what} does not come"));
    }

    #[tokio::test]
    async fn a_task_that_ends_once_goes_on_and_was_down_in_between() {
        for panics in [true, false] {
            let (tasks, rounds) = (Tasks::default(), Arc::new(AtomicUsize::new(0)));
            tasks.supervise("other", CancellationToken::new(), std::future::pending);
            let counted = Arc::clone(&rounds);
            tasks.supervise("wavering", CancellationToken::new(), move || {
                let round = counted.fetch_add(1, Ordering::SeqCst);
                async move {
                    assert!(round > 0 || !panics, "the first time it ends");
                    if round > 0 {
                        std::future::pending::<()>().await;
                    }
                }
            });
            assert_eq!(tasks.first_down(), None);
            wait_for("its end", || tasks.first_down() == Some("wavering")).await;
            wait_for("its second start", || rounds.load(Ordering::SeqCst) == 2).await;
            wait_for("that it counts as running", || tasks.first_down().is_none()).await;
            assert_eq!(tasks.restarts(), [("other", 0), ("wavering", 1)]);
        }
    }

    #[tokio::test]
    async fn a_task_that_ends_at_every_start_is_down_until_it_no_longer_does() {
        let (tasks, is_mended) = (Tasks::default(), Arc::new(AtomicBool::new(false)));
        let mended = Arc::clone(&is_mended);
        tasks.supervise("broken", CancellationToken::new(), move || {
            assert!(mended.load(Ordering::SeqCst), "it can't even be made");
            std::future::pending()
        });
        wait_for("its end", || tasks.first_down() == Some("broken")).await;
        wait_for("more restarts", || {
            assert_eq!(tasks.first_down(), Some("broken"), "a start alone makes it no running task");
            tasks.restarts()[0].1 > 3
        })
        .await;
        is_mended.store(true, Ordering::SeqCst);
        wait_for("that it counts as running", || tasks.first_down().is_none()).await;
    }

    #[tokio::test]
    async fn a_task_that_was_told_to_end_is_neither_down_nor_started_again() {
        let (tasks, end, starts) = (Tasks::default(), CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let (ending, counted) = (end.clone(), Arc::clone(&starts));
        tasks.supervise("short", end.clone(), move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let ending = ending.clone();
            async move { ending.cancelled().await }
        });
        wait_for("its start", || starts.load(Ordering::SeqCst) == 1).await;
        end.cancel();
        tokio::time::sleep(super::FIRST_DELAY * 3).await;
        assert_eq!((tasks.first_down(), tasks.restarts()[0].1, starts.load(Ordering::SeqCst)), (None, 0, 1));
    }
}
