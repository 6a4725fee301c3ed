//! Web sessions and what was done in them.

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};
use uptrakit_api as api;
#[cfg(feature = "ssr")]
use uptrakit_core::{
    domain::{
        accounts,
        audit::{self, Named},
        sessions,
    },
    error::Error,
};

use super::RpcError;
#[cfg(feature = "ssr")]
use super::page_request::PageRequest;

#[server(prefix = "/rpc", endpoint = "sign_in", input = Json)]
pub async fn sign_in(request: api::SignIn) -> Result<api::Account, RpcError> {
    let page = PageRequest::current()?;
    let signed_in = accounts::sign_in(&page.core, &page.context, request, page.client.clone()).await?;
    Ok(page.begin_session(signed_in))
}

#[server(prefix = "/rpc", endpoint = "sign_out", input = Json)]
pub async fn sign_out() -> Result<(), RpcError> {
    let page = PageRequest::current()?;
    let caller = page.caller().await?;
    let session = caller.session().ok_or(Error::NotFound)?.id;
    sessions::end(&page.core, &caller, session).await?;
    page.end_session();
    Ok(())
}

#[server(prefix = "/rpc", endpoint = "list_sessions", input = Json)]
pub async fn list_sessions() -> Result<Vec<api::Session>, RpcError> {
    let page = PageRequest::current()?;
    Ok(sessions::list(&page.core, &page.caller().await?).await?)
}

#[server(prefix = "/rpc", endpoint = "end_session", input = Json)]
pub async fn end_session(id: api::SessionId) -> Result<(), RpcError> {
    let page = PageRequest::current()?;
    Ok(sessions::end(&page.core, &page.caller().await?, id).await?)
}

/// Ends all sessions but this one; answers how many.
#[server(prefix = "/rpc", endpoint = "end_other_sessions", input = Json)]
pub async fn end_other_sessions() -> Result<u64, RpcError> {
    let page = PageRequest::current()?;
    Ok(sessions::end_others(&page.core, &page.caller().await?).await?)
}

/// Something that was done under the account: an audit event as a person wants to read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub at: api::Timestamp,
    /// Action, as `noun.verb`.
    pub action: String,
    /// `done`, `refused`, or why.
    pub outcome: String,
    pub address: Option<String>,
    /// Name of the token that it was done with, or to.
    pub token: Option<String>,
    /// Name of the host or the account that it was done to.
    pub target: Option<String>,
}

/// Lists what was done under the account, newest first.
#[server(prefix = "/rpc", endpoint = "list_activity", input = Json)]
pub async fn list_activity(page: u32) -> Result<api::Page<Activity>, RpcError> {
    let request = PageRequest::current()?;
    let page = audit::list_named(&request.core, &request.caller().await?, page).await?;
    Ok(page.map(|Named { event, token, target }| Activity {
        at: event.at,
        action: event.action,
        outcome: event.outcome,
        address: event.address,
        token,
        target,
    }))
}
