//! Looks whether an outage is over, and has the log count it meanwhile.

use std::time::Duration;

use crate::domain::state::Core;

/// How often to look whether an outage is over.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the log counts the requests that fail in one.
pub const COUNT_EVERY: Duration = Duration::from_secs(10);

/// Follows outages: counts at [`COUNT_EVERY`], and says when the database takes writes again, which it looks for at
/// [`LOOK_EVERY`], but for tests.
pub async fn follow(core: &Core, look_every: Duration, count_every: Duration) {
    loop {
        tokio::time::sleep(look_every).await;
        let Some(failed) = core.outage.failed() else { continue };
        if core.probe_writes().await.is_ok()
            && let Some((time, failed)) = core.outage.end(failed)
        {
            let seconds = time.as_secs();
            tracing::warn!("database recovered after {seconds} s; {failed} requests were answered 503");
        }
        if let Some(requests) = core.outage.count(count_every) {
            tracing::error!("the database still can't answer; {requests} more requests were answered 503");
        }
    }
}
