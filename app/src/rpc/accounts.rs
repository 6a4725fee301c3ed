//! The visitor's account: who am I, first run, the password.

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};
use uptrakit_api as api;

use super::Refusal;
#[cfg(feature = "ssr")]
use crate::backend::backend;

/// The person who is signed in, and what the page needs to know before it can draw anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// The account.
    pub account: api::Account,
    /// The address that the server sees the browser at.
    pub address: String,
    /// How many active tokens the account may have.
    pub token_limit: u32,
    /// How many it has.
    pub active_tokens: u32,
    /// The longest that a new token may live, in days, if the administrator set it.
    pub longest_lifetime_days: Option<u32>,
    /// The lifetime that the form preselects, in days.
    pub default_lifetime_days: u32,
}

/// Whom a one-time code is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The account that waits for its password; `None` when the first administrator is to be made.
    pub username: Option<String>,
}

/// Who is signed in: `None` when nobody is, which is no error.
#[server(prefix = "/rpc", endpoint = "find_visitor", input = Json)]
pub async fn find_visitor() -> Result<Option<Visitor>, Refusal> {
    Ok(backend()?.find_visitor().await?)
}

/// Whom a one-time code is for.
#[server(prefix = "/rpc", endpoint = "get_invitation", input = Json)]
pub async fn get_invitation(code: api::Secret) -> Result<Invitation, Refusal> {
    Ok(backend()?.get_invitation(code).await?)
}

/// Makes the first administrator, or sets an invited person's password, and signs in.
#[server(prefix = "/rpc", endpoint = "set_up", input = Json)]
pub async fn set_up(request: api::SetUp) -> Result<api::Account, Refusal> {
    Ok(backend()?.set_up(request).await?)
}

/// Changes the password.
#[server(prefix = "/rpc", endpoint = "change_password", input = Json)]
pub async fn change_password(request: api::ChangePassword) -> Result<api::PasswordChanged, Refusal> {
    Ok(backend()?.change_password(request).await?)
}
