//! Accounts as administrators see them.

use crate::{AccountId, Permissions, Roles, Secret, Timestamp};
use serde::{Deserialize, Serialize};

/// An account in an administrator's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Its id.
    pub id: AccountId,
    /// The name to sign in with.
    pub username: String,
    /// The address to sign in with.
    pub email: String,
    /// What the person is here for.
    pub roles: Roles,
    /// What the roles grant.
    pub permissions: Permissions,
    /// Whether the account opens doors.
    pub active: bool,
    /// Whether the person has yet to choose a password, by the link that was made for them.
    pub invited: bool,
    /// Since when.
    pub created_at: Timestamp,
}

/// A new person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The name to sign in with.
    pub username: String,
    /// The address to sign in with.
    pub email: String,
    /// One or more of `viewer`, `operator`, `administrator`.
    pub roles: Vec<String>,
    /// Left out, the answer has a link by which the person chooses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// An account and the link that is for its person: the answer to [`CreateUser`], and to the wish for another link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedUser {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// Opens once; for the person alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_url: Option<Secret>,
}

/// The wish for another link.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {}

/// A change to an account. What is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// The new roles, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Whether the account opens doors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}
