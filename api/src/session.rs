//! Web sessions as their owner sees them.

use crate::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};

/// A browser's signed-in state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Its id. It is not the cookie.
    pub id: SessionId,
    /// What the browser said it is, shortened to a browser and a system.
    pub device: String,
    /// The address that signed in.
    pub address: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, within a minute.
    pub last_active_at: Timestamp,
    /// When it ends however much it is used.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
