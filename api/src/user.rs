//! Accounts on the wire, as administrators see and change them.

use crate::{AccountId, Permissions, Roles, Secret, Timestamp};
use serde::{Deserialize, Serialize};

/// An account, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Unique id of the account; it never changes.
    pub id: AccountId,
    /// Name to sign in with, unique among all accounts. Example: `ada`.
    pub username: String,
    /// Email address to sign in with, unique among all accounts. Example: `ada@example.org`.
    pub email: String,
    /// Roles of the account, at least one. Example: `["operator"]`.
    pub roles: Roles,
    /// Permissions that the roles grant.
    pub permissions: Permissions,
    /// True when the account is active; false when it is deactivated and its credentials are refused.
    pub active: bool,
    /// True when the person has not yet chosen a password with the link that was made for them.
    pub invited: bool,
    /// Time at which the account was created.
    pub created_at: Timestamp,
}

/// Request for a new account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Name to sign in with, 1 to 64 letters, digits, dots, hyphens or underscores. Example: `ada`.
    pub username: String,
    /// Email address to sign in with, at most 254 characters. Example: `ada@example.org`.
    pub email: String,
    /// Roles of the account, at least one of `viewer`, `operator` and `administrator`. Example: `["operator"]`.
    pub roles: Vec<String>,
    /// Password of the account, 15 to 128 characters. When it is left out or null, the answer has a link with which the
    /// person chooses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// An account and the link for its person: the answer to the creation of an account and to the request for another
/// link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedUser {
    /// The account that the link is for.
    #[serde(flatten)]
    pub user: User,
    /// Link with which the person chooses a password. It is a secret for this person, and it works once, for seven
    /// days; left out when the account has a password. Example: `https://uptrakit.example.org/setup?code=…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_url: Option<Secret>,
}

/// Request for another link, without any fields. It replaces the earlier link.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {}

/// Change to an account. A field that is left out or null stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// Complete list of the new roles, at least one; null leaves them as they are. Example: `["operator"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// True to activate the account, false to deactivate it; null leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}
