//! API tokens, as the Profile page manages them.

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};
use uptrakit_api as api;
#[cfg(feature = "ssr")]
use uptrakit_core::domain::tokens;

use super::RpcError;
#[cfg(feature = "ssr")]
use super::page_request::PageRequest;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// From this instant on the token opens nothing, anywhere.
    pub at: api::Timestamp,
    /// Number of requests and streams under way that were cut off in the process that answered.
    pub cut_off: u64,
}

#[server(prefix = "/rpc", endpoint = "list_tokens", input = Json)]
pub async fn list_tokens(query: api::TokenQuery) -> Result<api::Page<api::Token>, RpcError> {
    let page = PageRequest::current()?;
    Ok(tokens::list(&page.core, &page.caller().await?, &query).await?)
}

/// Finds where the present secret of a token was first used, as `10.0.3.7, curl`; nothing as long as it was not.
#[server(prefix = "/rpc", endpoint = "find_first_use", input = Json)]
pub async fn find_first_use(id: api::TokenId) -> Result<Option<String>, RpcError> {
    let page = PageRequest::current()?;
    Ok(tokens::find_first_use(&page.core, &page.caller().await?, id).await?)
}

/// Makes a token. This answer alone has the secret.
#[server(prefix = "/rpc", endpoint = "create_token", input = Json)]
pub async fn create_token(request: api::CreateToken) -> Result<api::CreatedToken, RpcError> {
    let page = PageRequest::current()?;
    Ok(tokens::create(&page.core, &page.caller_for().await?, &request).await?)
}

#[server(prefix = "/rpc", endpoint = "update_token", input = Json)]
pub async fn update_token(id: api::TokenId, request: api::UpdateToken) -> Result<api::Token, RpcError> {
    let page = PageRequest::current()?;
    Ok(tokens::update(&page.core, &page.caller_for().await?, id, &request).await?)
}

/// Gives a token a new secret, which this answer alone has.
#[server(prefix = "/rpc", endpoint = "rotate_token", input = Json)]
pub async fn rotate_token(id: api::TokenId, request: api::RotateToken) -> Result<api::CreatedToken, RpcError> {
    let page = PageRequest::current()?;
    Ok(tokens::rotate(&page.core, &page.caller_for().await?, id, &request).await?)
}

#[server(prefix = "/rpc", endpoint = "end_overlap", input = Json)]
pub async fn end_overlap(id: api::TokenId) -> Result<(), RpcError> {
    let page = PageRequest::current()?;
    Ok(tokens::end_overlap(&page.core, &page.caller_for().await?, id).await?)
}

#[server(prefix = "/rpc", endpoint = "revoke_token", input = Json)]
pub async fn revoke_token(id: api::TokenId) -> Result<Revoked, RpcError> {
    let page = PageRequest::current()?;
    let tokens::Revoked { at, cut_off } = tokens::revoke(&page.core, &page.caller_for().await?, id).await?;
    Ok(Revoked { at, cut_off })
}
