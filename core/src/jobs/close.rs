//! The end of the process: what is in memory alone is written, and the database is closed.

use std::time::Duration;

use crate::domain::{audit, state::Core};

const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

impl Core {
    pub async fn write_notes(&self) -> uptrakit_store::Result<()> {
        let written = self.last_used.flush(&self.store, self.clock.now(), true).await;
        written.and(audit::write_rejected_tokens(self).await)
    }

    /// Writes what is still in memory and closes the database. No request can be served afterwards.
    pub async fn close(&self) -> uptrakit_store::Result<()> {
        self.stopping.cancel();
        self.stopped.cancel();
        let flushed = self.write_notes().await;
        self.verifier.release();
        // A connection that is still in use after the timeout is abandoned: every acknowledged write is durable
        // already.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.store.close()).await;
        flushed
    }
}
