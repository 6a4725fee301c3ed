//! The visitor's account: who am I, first run, the password.

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};
use uptrakit_api as api;
#[cfg(feature = "ssr")]
use uptrakit_core::{
    auth::{credential::Rejection, resource::Resource},
    domain::{accounts, tokens},
    error::Error,
};

use super::RpcError;
#[cfg(feature = "ssr")]
use super::page_request::PageRequest;

/// The person who is signed in, and what the page needs to know before it can draw anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    pub account: api::Account,
    /// The address that the server sees the browser at.
    pub address: String,
    pub token_limit: u32,
    pub active_tokens: u32,
    /// The longest that a new token may live, in days, if the administrator set it.
    pub longest_lifetime_days: Option<u32>,
    pub default_lifetime_days: u32,
    /// True when applications can be connected (OAuth).
    pub has_applications: bool,
    /// Address that assistants connect to (MCP); `None` where they can't.
    pub assistant_url: Option<String>,
}

/// Whom a one-time code is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The account that waits for its password; `None` when the first administrator is to be made.
    pub username: Option<String>,
}

/// Finds the person who is signed in. `None` is no error.
#[server(prefix = "/rpc", endpoint = "find_visitor", input = Json)]
pub async fn find_visitor() -> Result<Option<Visitor>, RpcError> {
    let request = PageRequest::current()?;
    let core = &request.core;
    let caller = match request.caller().await {
        Err(Error::Rejected(Rejection::Missing | Rejection::SessionOver)) => return Ok(None),
        outcome => outcome?,
    };
    Ok(Some(Visitor {
        account: accounts::of_actor(&caller),
        address: request.context.address.to_string(),
        token_limit: core.token_rules.limit,
        active_tokens: tokens::count_active(core, &caller).await?,
        longest_lifetime_days: core.token_rules.longest_lifetime_days,
        default_lifetime_days: core.token_rules.default_lifetime_days,
        has_applications: core.oauth_rules.is_on,
        assistant_url: request.has_mcp.then(|| Resource::Mcp.url(&core.public_url)),
    }))
}

#[server(prefix = "/rpc", endpoint = "get_invitation", input = Json)]
pub async fn get_invitation(code: api::Secret) -> Result<Invitation, RpcError> {
    let request = PageRequest::current()?;
    Ok(Invitation { username: accounts::get_invited(&request.core, &code).await? })
}

/// Makes the first administrator, or sets an invited person's password, and signs in.
#[server(prefix = "/rpc", endpoint = "set_up", input = Json)]
pub async fn set_up(request: api::SetUp) -> Result<api::Account, RpcError> {
    let page = PageRequest::current()?;
    let signed_in = accounts::set_up(&page.core, &page.context, request, page.client.clone()).await?;
    Ok(page.begin_session(signed_in))
}

#[server(prefix = "/rpc", endpoint = "change_password", input = Json)]
pub async fn change_password(request: api::ChangePassword) -> Result<api::PasswordChanged, RpcError> {
    let page = PageRequest::current()?;
    Ok(accounts::change_password(&page.core, &page.caller().await?, request).await?)
}
