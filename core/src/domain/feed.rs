//! Changes of hosts, told to those who follow them, whichever process made them.

use std::sync::Arc;

use tokio::sync::{Notify, broadcast};
use uptrakit_api::{Host, HostId};
use uptrakit_store::{Store, hosts};

use super::hosts::public;
use crate::auth::authorized::{Authorized, HostsRead};

/// Changes that a slow follower may be behind before it has to start over.
const BACKLOG: usize = 256;
/// Changes read at once.
const CHUNK: i64 = 200;

/// Something that happened to a host.
#[derive(Clone, Debug)]
pub enum HostChange {
    /// It is new or changed.
    Changed(Arc<Host>),
    /// It is gone.
    Removed(HostId),
}

/// The process's own channel of changes.
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
    /// Follows from now on.
    #[must_use]
    pub fn follow(&self, _: &Authorized<HostsRead>) -> broadcast::Receiver<HostChange> {
        self.changes.subscribe()
    }

    /// Says that this process has just changed a host.
    pub fn kick(&self) {
        self.kicked.notify_one();
    }

    /// Returns when this process has changed a host.
    pub async fn kicked(&self) {
        self.kicked.notified().await;
    }

    /// Reads what changed after a revision, tells everybody, and returns the revision it came to.
    pub async fn advance(&self, store: &Store, after: i64) -> uptrakit_store::Result<i64> {
        let mut reader = store.read().await?;
        let revision = hosts::get_revision(reader.conn()).await?;
        if revision == after || self.changes.receiver_count() == 0 {
            return Ok(revision);
        }
        let mut reached = after;
        loop {
            let rows = hosts::list_after(reader.conn(), reached, CHUNK).await?;
            let Some(last) = rows.last().map(|row| row.revision) else { break };
            reached = last;
            for row in rows {
                // Nobody is listening any more: that is no error.
                let _ = self.changes.send(HostChange::Changed(Arc::new(public(row))));
            }
        }
        for (id, _) in hosts::list_removals_after(reader.conn(), after).await? {
            let _ = self.changes.send(HostChange::Removed(HostId(id)));
        }
        Ok(revision.max(reached))
    }
}
