//! Secrets on the wire: passwords, one-time codes and links, and the secret of a token in the one answer that has it.

use serde::{Deserialize, Serialize};

/// A secret, such as a password, a one-time code or an API token. It must not be logged: `Debug` writes a placeholder,
/// and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}
