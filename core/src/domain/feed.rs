//! Changes of hosts, sent to the streams that follow them, whichever process made the change.

use std::sync::Arc;

use tokio::sync::{Notify, broadcast};
use uptrakit_api::{Host, HostId};
use uptrakit_store::{Store, hosts};

use super::public_host::public;
use crate::auth::authorized::{Authorized, HostsRead};

/// A follower that is further behind than this many changes has to start over.
const BACKLOG: usize = 256;
const CHUNK: i64 = 200;

#[derive(Clone, Debug)]
pub enum HostChange {
    Changed(Arc<Host>),
    Removed(HostId),
}

#[derive(Debug)]
pub struct Feed {
    changes: broadcast::Sender<HostChange>,
    kicked: Notify,
}

impl Default for Feed {
    fn default() -> Self {
        Self { changes: broadcast::Sender::new(BACKLOG), kicked: Notify::new() }
    }
}

impl Feed {
    #[must_use]
    pub fn follow(&self, _: &Authorized<HostsRead>) -> broadcast::Receiver<HostChange> {
        self.changes.subscribe()
    }

    /// Notifies the task that follows hosts that this process has just changed one.
    pub fn kick(&self) {
        self.kicked.notify_one();
    }

    pub async fn kicked(&self) {
        self.kicked.notified().await;
    }

    /// Reads the changes after a revision, sends them to all followers, and returns the revision that was reached.
    pub async fn advance(&self, store: &Store, after: i64) -> uptrakit_store::Result<i64> {
        let mut reader = store.read().await?;
        let revision = hosts::get_revision(reader.conn()).await?;
        // After a failover that lost changes the number is smaller than it was.
        if revision <= after || self.changes.receiver_count() == 0 {
            return Ok(revision);
        }
        let mut reached = after;
        loop {
            let rows = hosts::list_after(reader.conn(), reached, CHUNK).await?;
            let Some(last) = rows.last().map(|row| row.revision) else { break };
            reached = last;
            for row in rows {
                // An error means that no stream is listening any more, which is no failure.
                let _ = self.changes.send(HostChange::Changed(Arc::new(public(row))));
            }
        }
        for (id, _) in hosts::list_removals_after(reader.conn(), after).await? {
            let _ = self.changes.send(HostChange::Removed(id));
        }
        Ok(revision.max(reached))
    }
}
