//! Web sessions on the wire, as the owner of the account sees them.

use crate::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};

/// A web session: the state of a browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Unique id of the session. It is not the value of the cookie.
    pub id: SessionId,
    /// Browser and system as the browser named them, shortened. Example: `Firefox on Linux`.
    pub device: String,
    /// IP address of the client that signed in. Example: `10.0.3.7`.
    pub address: String,
    /// Time of the sign-in.
    pub created_at: Timestamp,
    /// Time of the latest use, exact to a minute.
    pub last_active_at: Timestamp,
    /// Time at which the session ends even while it is in use, 30 days after the sign-in. A session also ends after 7
    /// days without use.
    pub expires_at: Timestamp,
    /// True for the session that made this request.
    pub current: bool,
}
