//! Requests of applications, as the consent page and the page of device codes answer them.

use leptos::{prelude::*, server_fn::codec::Json};
use uptrakit_api as api;
#[cfg(feature = "ssr")]
use uptrakit_core::domain::oauth::{devices, requests};

use super::RpcError;
#[cfg(feature = "ssr")]
use super::page_request::PageRequest;

/// Opens a request for the visitor's account, which alone can answer it from then on. `request` is the secret in the
/// page's address.
#[server(prefix = "/rpc", endpoint = "open_consent", input = Json)]
pub async fn open_consent(request: api::Secret) -> Result<api::OpenedRequest, RpcError> {
    let page = PageRequest::current()?;
    Ok(requests::open(&page.core, &page.caller().await?, &request).await?)
}

/// Allows a request; returns the address that carries the answer to the application.
#[server(prefix = "/rpc", endpoint = "approve_consent", input = Json)]
pub async fn approve_consent(request: api::Secret, approval: api::Approval) -> Result<String, RpcError> {
    let page = PageRequest::current()?;
    Ok(requests::approve(&page.core, &page.caller().await?, &request, &approval).await?)
}

#[server(prefix = "/rpc", endpoint = "deny_consent", input = Json)]
pub async fn deny_consent(request: api::Secret) -> Result<String, RpcError> {
    let page = PageRequest::current()?;
    Ok(requests::deny(&page.core, &page.caller().await?, &request).await?)
}

#[server(prefix = "/rpc", endpoint = "open_device", input = Json)]
pub async fn open_device(code: String) -> Result<api::Consent, RpcError> {
    let page = PageRequest::current()?;
    Ok(devices::open(&page.core, &page.caller().await?, &code).await?)
}

#[server(prefix = "/rpc", endpoint = "approve_device", input = Json)]
pub async fn approve_device(code: String, approval: api::Approval) -> Result<(), RpcError> {
    let page = PageRequest::current()?;
    Ok(devices::approve(&page.core, &page.caller().await?, &code, &approval).await?)
}

#[server(prefix = "/rpc", endpoint = "deny_device", input = Json)]
pub async fn deny_device(code: String) -> Result<(), RpcError> {
    let page = PageRequest::current()?;
    Ok(devices::deny(&page.core, &page.caller().await?, &code).await?)
}
