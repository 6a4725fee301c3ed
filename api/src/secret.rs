//! Secret text on the wire: passwords, one-time codes, a token's text on its one way out.

use serde::{Deserialize, Serialize};

/// Text that must reach the other end and nothing else: `Debug` hides it, there is no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}
