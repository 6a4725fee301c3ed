//! The requests and answers by which a person handles their own account: first-run setup, sign-in, change of password,
//! and the description of the caller.

use crate::{AccountId, Permissions, Roles, Secret, Timestamp, Token};
use serde::{Deserialize, Serialize};

/// The account of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Unique id of the account; it never changes.
    pub id: AccountId,
    /// Name to sign in with, unique among all accounts. Example: `ada`.
    pub username: String,
    /// Email address to sign in with, unique among all accounts. Example: `ada@example.org`.
    pub email: String,
    /// Roles of the account, at least one. Example: `["operator"]`.
    pub roles: Roles,
    /// Permissions that the roles grant now. In the answer to `GET /auth/me` these are the permissions of the
    /// credential that was presented, which can be fewer.
    pub permissions: Permissions,
    /// Time at which the account was created.
    pub created_at: Timestamp,
}

/// The caller: the account, and the API token if the request presented one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The account of the caller.
    #[serde(flatten)]
    pub account: Account,
    /// The API token that was presented, always without `rotation` and `revoked_by`; left out when the caller uses a
    /// web session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

/// Credentials of a person who signs in with a password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Username or email address, in upper or lower case. Example: `ada`.
    pub login: String,
    /// Password of the account.
    pub password: Secret,
}

/// Request that uses a one-time code: it creates the first administrator with the code of the server's first-run link,
/// or sets the password of an invited person, whose username and email address are known already and are left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// One-time code from the link; it works once, for seven days.
    pub code: Secret,
    /// Name to sign in with, 1 to 64 letters, digits, dots, hyphens or underscores; left out with an invitation.
    /// Example: `ada`.
    #[serde(default)]
    pub username: String,
    /// Email address to sign in with, at most 254 characters; left out with an invitation. Example: `ada@example.org`.
    #[serde(default)]
    pub email: String,
    /// Password for the account, 15 to 128 characters.
    pub password: Secret,
}

/// Request to change the password of the caller's account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// Password of the account before the change.
    pub current_password: Secret,
    /// Password of the account after the change, 15 to 128 characters.
    pub new_password: Secret,
    /// True to end every other web session of the account; false when left out.
    #[serde(default)]
    pub end_other_sessions: bool,
    /// True to revoke every API token of the account; false when left out.
    #[serde(default)]
    pub revoke_tokens: bool,
}

/// Numbers of credentials that a change of password ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// Number of other web sessions that were ended.
    pub sessions_ended: u64,
    /// Number of API tokens that were revoked; tokens that had expired before are not counted.
    pub tokens_revoked: u64,
    /// Number of applications that were disconnected together with the tokens.
    #[serde(default)]
    pub applications_disconnected: u64,
}
