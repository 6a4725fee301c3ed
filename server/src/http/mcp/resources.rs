//! Resources, which people attach to a conversation: the hosts, and one host.

use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use uptrakit_api::{Permission, Permissions};
use uptrakit_core::{auth::authorized::HostsRead, domain::hosts, error::Error};

use super::{
    answer::json,
    call::{Call, Stop},
    tools::hosts::{self as host_tools, HostAnswer, ListHosts},
};

pub const ALL: &str = "uptrakit://hosts";
pub const ONE: &str = "uptrakit://hosts/{id}";
const MIME_TYPE: &str = "application/json";

pub fn list(account: Permissions) -> Vec<Resource> {
    if !account.contains(Permission::HostsRead) {
        return Vec::new();
    }
    let hosts = Resource::new(ALL, "hosts")
        .with_title("Hosts")
        .with_description("The first hosts by name, with their pending updates; list_hosts has the others")
        .with_mime_type(MIME_TYPE);
    vec![hosts]
}

pub fn list_templates(account: Permissions) -> Vec<ResourceTemplate> {
    if !account.contains(Permission::HostsRead) {
        return Vec::new();
    }
    let host = ResourceTemplate::new(ONE, "host")
        .with_title("Host")
        .with_description("One host with all that it reported, by its id")
        .with_mime_type(MIME_TYPE);
    vec![host]
}

/// Reads a resource; `None` means that there is none at this address.
pub async fn read(call: &Call, uri: &str) -> Result<Option<ResourceContents>, Stop> {
    let value = if uri == ALL {
        json(&host_tools::list(call, ListHosts::default()).await?)?
    } else {
        let Some(id) = uri.strip_prefix(ALL).and_then(|rest| rest.strip_prefix('/')) else { return Ok(None) };
        let actor = call.require::<HostsRead>()?;
        let Ok(id) = id.parse() else { return Ok(None) };
        match hosts::get(&call.app, &actor, id).await {
            Ok(host) => json(&HostAnswer::from(host))?,
            Err(Error::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    };
    Ok(Some(ResourceContents::text(value.to_string(), uri).with_mime_type(MIME_TYPE)))
}
