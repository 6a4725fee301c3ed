//! API tokens on the wire: their public fields, and the requests that create, change and rotate them.

use crate::{Permissions, Secret, Timestamp, TokenId, present};
use serde::{Deserialize, Serialize};

/// State of an API token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// The token is neither expired nor revoked.
    Active,
    /// The token has expired.
    Expired,
    /// The token was revoked.
    Revoked,
}

impl TokenState {
    /// Returns the name that the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Unique id of the token, which a rotation keeps.
    pub id: TokenId,
    /// Name that the owner gave the token. Example: `backup script`.
    pub name: String,
    /// Part of the token that is enough to recognise it and not enough to use it. Example: `upk_Ab3d…9xYz`.
    pub hint: String,
    /// State of the token. Example: `active`.
    pub state: TokenState,
    /// Permissions that the token is limited to; null when it has all permissions of the account. Example:
    /// `["hosts:report"]`.
    pub permissions: Option<Permissions>,
    /// Networks (CIDR) that the token may be used from; null when it may be used from anywhere. Example:
    /// `["10.0.0.0/8"]`.
    pub allowed_networks: Option<Vec<String>>,
    /// Time at which the token was created.
    pub created_at: Timestamp,
    /// Time from which on the token is refused; null when it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Time of the latest use of the token, exact to a minute; null when it was never used.
    pub last_used_at: Option<Timestamp>,
    /// IP address of the client in the latest use; null when the token was never used. Example: `10.0.3.7`.
    pub last_used_ip: Option<String>,
    /// Time at which the token was revoked; null when it is not revoked.
    pub revoked_at: Option<Timestamp>,
    /// Username of the account that revoked the token; left out when it is not revoked, or when an older version of the
    /// server revoked it without noting the account. Example: `ada`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
    /// Time since which the token is on hold, and refused, because the database was restored from a backup; left out
    /// when it is not on hold. Its owner or an administrator confirms or revokes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_at: Option<Timestamp>,
    /// The old secret of a rotation while both secrets work; left out when no overlap is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// The old secret of a rotated token, which still works until the overlap ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rotation {
    /// Part of the old secret that is enough to recognise it. Example: `upk_Ab3d…9xYz`.
    pub old_hint: String,
    /// Time from which on the old secret is refused.
    pub overlap_ends_at: Timestamp,
    /// Time of the latest use of the old secret since the rotation, exact to a minute; null when there was none.
    pub old_last_used_at: Option<Timestamp>,
    /// IP address of the client in that use; null when there was none. Example: `10.0.3.7`.
    pub old_last_used_ip: Option<String>,
}

/// Request for a new token. A limit that is left out or null is inherited from the credential that makes the request. A
/// token that would not expire gets the longest lifetime that the server is configured with, if there is one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Name of the token, 1 to 64 characters, unique among the active tokens of the account. Example: `backup script`.
    pub name: String,
    /// Time at which the token expires: an RFC 3339 instant in the future. It can't be given together with
    /// `expires_in_seconds`. Example: `2030-01-31T12:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Lifetime of the token in seconds by the server's clock, at least 1. It can't be given together with
    /// `expires_at`. Example: `2592000` (30 days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub expires_in_seconds: Option<i64>,
    /// Names of the permissions that the token is limited to. Example: `["hosts:report"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Networks (CIDR) or addresses that the token may be used from, 1 to 100. Example: `["10.0.0.0/8"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_networks: Option<Vec<String>>,
}

/// A token with its secret, in the only answer that contains it: that to a creation or a rotation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The token, without its secret.
    #[serde(flatten)]
    pub fields: Token,
    /// The secret of the token. It can't be shown again.
    #[serde(rename = "token")]
    pub secret: Secret,
}

/// Change to a token. A field that is left out stays as it is, and null removes a limit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateToken {
    /// New name, 1 to 64 characters, unique among the active tokens of the account; null leaves it as it is. Example:
    /// `backup script`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Names of the permissions that the token is limited to; null to give it all permissions of the account. Example:
    /// `["hosts:report"]`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>))]
    pub permissions: Option<Option<Vec<String>>>,
    /// Networks (CIDR) or addresses that the token may be used from, 1 to 100; null to allow any. Example:
    /// `["10.0.0.0/8"]`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>))]
    pub allowed_networks: Option<Option<Vec<String>>>,
}

/// Request to take a token off hold, which has no fields.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConfirmToken {}

/// Request for a new secret for a token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateToken {
    /// Seconds for which the old secret still works, from 0 (the default: it is refused at once) to 604 800 (seven
    /// days). Example: `3600`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 604_800))]
    pub overlap_seconds: u32,
}

/// Query for one page of tokens. Values are text as sent, so that an error can name the parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct TokenQuery {
    /// State of the tokens to select: `active` (the default), `expired`, `revoked` or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Text to find in the name, in upper or lower case and without wildcards; all tokens when left out. Example:
    /// `backup`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Sort order: `created_at`, `name`, `last_used_at` or `expires_at`, with `-` in front for descending;
    /// `-created_at` when left out. Tokens without a time come last. Example: `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Number of the page, from 1; 1 when left out. Example: `2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Number of items per page, from 1 to 100; 20 when left out. Example: `50`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<String>,
}
