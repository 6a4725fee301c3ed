//! API tokens on the wire.

use crate::{Permissions, Secret, Timestamp, TokenId, present};
use serde::{Deserialize, Serialize};

/// Where a token is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// It opens doors.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl TokenState {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A token's public fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Its id; rotation keeps it.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// `upk_Ab3d…9xYz`: enough to recognise the text, not enough to use it.
    pub hint: String,
    /// Where it is in its life.
    pub state: TokenState,
    /// What it is narrowed to; null when it inherits everything the account may do.
    pub permissions: Option<Permissions>,
    /// The networks (CIDR) that it may be used from; null when from anywhere.
    pub allowed_networks: Option<Vec<String>>,
    /// Since when.
    pub created_at: Timestamp,
    /// From this instant on it is refused; null when never.
    pub expires_at: Option<Timestamp>,
    /// When it last opened a door, within a minute; null when never.
    pub last_used_at: Option<Timestamp>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The username of whoever revoked it; left out when it is not revoked, or was before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
    /// The old text of a rotation whose overlap is under way; left out when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// The old text of a rotated token, while it still works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rotation {
    /// The old text's hint.
    pub old_hint: String,
    /// From this instant on the old text is refused.
    pub overlap_ends_at: Timestamp,
    /// When the old text was last used since the rotation; null when not.
    pub old_last_used_at: Option<Timestamp>,
    /// From where.
    pub old_last_used_ip: Option<String>,
}

/// A new token. What is left out is inherited from the credential that asks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// 1 to 64 characters, unique among the account's active tokens.
    pub name: String,
    /// RFC 3339, in the future. Not together with `expires_in_seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// How long the token works, in seconds by the server's clock, from 1. Not together with `expires_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub expires_in_seconds: Option<i64>,
    /// Names of permissions to narrow it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Networks (CIDR) to hold it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_networks: Option<Vec<String>>,
}

/// The one answer that has a token's text in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The token's public fields.
    #[serde(flatten)]
    pub fields: Token,
    /// The text, this once.
    #[serde(rename = "token")]
    pub text: Secret,
}

/// A change to a token. What is left out stays as it is; null takes a limit away.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateToken {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New permissions; null to inherit the account's.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>))]
    pub permissions: Option<Option<Vec<String>>>,
    /// New networks; null for any.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>))]
    pub allowed_networks: Option<Option<Vec<String>>>,
}

/// A new text for the same token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateToken {
    /// How long the old text goes on working: 0 (not at all, the default) to 604 800 (seven days) seconds.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 604_800))]
    pub overlap_seconds: u32,
}

/// Which tokens are asked for; text as it stands in the query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct TokenQuery {
    /// `active` (the default), `expired`, `revoked` or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// A part of the name, literally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// `created_at`, `name`, `last_used_at` or `expires_at`, with `-` in front for descending; `-created_at` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<String>,
}
