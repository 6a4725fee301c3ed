//! Accounts as their owners see them: setting up, signing in, the password, and who am I.

use crate::{AccountId, Permissions, Roles, Secret, Timestamp, Token};
use serde::{Deserialize, Serialize};

/// A person's login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The name to sign in with; unique.
    pub username: String,
    /// The address to sign in with; unique.
    pub email: String,
    /// What the person is here for.
    pub roles: Roles,
    /// What the roles grant now; in the answer to `GET /auth/me` what the credential that asks may do now.
    pub permissions: Permissions,
    /// Since when.
    pub created_at: Timestamp,
}

/// Who is asking, and by which token if by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// The token that was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

/// Signing in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Username or email.
    pub login: String,
    /// The password.
    pub password: Secret,
}

/// The first administrator, made with the one-time code of the server's first-run link, or a person who accepts an
/// invitation (then username and email are given already and must be left out).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// The one-time code from the link.
    pub code: Secret,
    /// The name to sign in with.
    #[serde(default)]
    pub username: String,
    /// The address to sign in with.
    #[serde(default)]
    pub email: String,
    /// The password.
    pub password: Secret,
}

/// Changing one's password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The one that holds now.
    pub current_password: Secret,
    /// The one that shall hold.
    pub new_password: Secret,
    /// Whether every other session of the account ends.
    #[serde(default)]
    pub end_other_sessions: bool,
    /// Whether every API token of the account is revoked.
    #[serde(default)]
    pub revoke_tokens: bool,
}

/// What a change of password ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// How many other sessions.
    pub sessions_ended: u64,
    /// How many tokens.
    pub tokens_revoked: u64,
}
