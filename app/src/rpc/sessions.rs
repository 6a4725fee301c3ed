//! Web sessions and what was done in them.

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};
use uptrakit_api as api;

use super::Refusal;
#[cfg(feature = "ssr")]
use crate::backend::backend;

/// Signs in; the cookie comes with the answer.
#[server(prefix = "/rpc", endpoint = "sign_in", input = Json)]
pub async fn sign_in(request: api::SignIn) -> Result<api::Account, Refusal> {
    Ok(backend()?.sign_in(request).await?)
}

/// Ends this session at the server.
#[server(prefix = "/rpc", endpoint = "sign_out", input = Json)]
pub async fn sign_out() -> Result<(), Refusal> {
    Ok(backend()?.sign_out().await?)
}

/// The account's sessions.
#[server(prefix = "/rpc", endpoint = "list_sessions", input = Json)]
pub async fn list_sessions() -> Result<Vec<api::Session>, Refusal> {
    Ok(backend()?.list_sessions().await?)
}

/// Ends one session.
#[server(prefix = "/rpc", endpoint = "end_session", input = Json)]
pub async fn end_session(id: api::SessionId) -> Result<(), Refusal> {
    Ok(backend()?.end_session(id).await?)
}

/// Ends all sessions but this one; answers how many.
#[server(prefix = "/rpc", endpoint = "end_other_sessions", input = Json)]
pub async fn end_other_sessions() -> Result<u64, Refusal> {
    Ok(backend()?.end_other_sessions().await?)
}

/// Something that was done under the account: an audit event as a person wants to read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// When.
    pub at: api::Timestamp,
    /// What was done, as `noun.verb`.
    pub action: String,
    /// `done`, `refused`, or why.
    pub outcome: String,
    /// From where.
    pub address: Option<String>,
    /// What the token is called that it was done with, or to.
    pub token: Option<String>,
    /// What the host or the account is called that it was done to.
    pub target: Option<String>,
}

/// What was done under the account, newest first.
#[server(prefix = "/rpc", endpoint = "list_activity", input = Json)]
pub async fn list_activity(page: u32) -> Result<api::Page<Activity>, Refusal> {
    Ok(backend()?.list_activity(page).await?)
}
