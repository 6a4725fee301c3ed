//! Checks whether an outage of the database is over, and logs how many requests fail until then.

use std::time::Duration;

use crate::domain::state::Core;

pub const LOOK_EVERY: Duration = Duration::from_secs(1);
pub const COUNT_EVERY: Duration = Duration::from_secs(10);

/// Follows outages. Every `look_every` it checks whether the database can do again what requests need, and logs the recovery; every
/// `count_every` it logs how many more requests have failed.
pub async fn follow(core: &Core, look_every: Duration, count_every: Duration) {
    loop {
        tokio::time::sleep(look_every).await;
        let Some(failed) = core.outage.failed() else { continue };
        // What has failed may be damage, which no probe touches.
        if core.probe_database().await.is_ok()
            && core.check_data().await.is_ok_and(|is_sound| is_sound)
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
