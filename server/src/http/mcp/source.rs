//! Refuses requests that a browser sends for another site, by their `Origin`, and those of a site whose name was
//! changed to point here (DNS rebinding), by their `Host`.

use std::{net::IpAddr, time::Instant};

use http::{header, request::Parts, uri::Authority};
use uptrakit_core::{
    error::Error,
    log_limit::{Admitted, LogLimit},
    loggable,
    public_url::{PublicUrl, is_loopback},
};

use super::Endpoint;
use crate::http::{caller::request_context, layer::request_context::Peer, origin};

pub fn check(endpoint: &Endpoint, parts: &Parts) -> Result<(), Error> {
    let public_url = &endpoint.app.public_url;
    let is_own = |value: &http::HeaderValue| {
        let origin = value.to_str().ok().and_then(|origin| PublicUrl::parse(origin).ok());
        origin.is_some_and(|origin| origin.as_str() == public_url.as_str())
    };
    if !parts.headers.get_all(header::ORIGIN).iter().all(is_own) {
        return Err(origin::refuse(&request_context(parts), &parts.headers, public_url.as_str()));
    }
    if is_from_proxy(endpoint, parts) || names_this_server(endpoint, parts) { Ok(()) } else { Err(refuse(parts)) }
}

/// A proxy may replace `Host` by whatever it calls this server.
fn is_from_proxy(endpoint: &Endpoint, parts: &Parts) -> bool {
    let Some(Peer(peer)) = parts.extensions.get() else { return false };
    let peer = peer.ip().to_canonical();
    endpoint.app.trusted_proxies.iter().any(|network| network.contains(&peer))
}

fn names_this_server(endpoint: &Endpoint, parts: &Parts) -> bool {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().ok().and_then(|host| host.parse().ok());
    let is_ours = |authority: &Authority| is_own_authority(endpoint, authority);
    // The authority of a request in absolute form outweighs `Host` (RFC 9112, section 3.2.2).
    host.as_ref().is_some_and(is_ours) && parts.uri.authority().is_none_or(is_ours)
}

fn is_own_authority(endpoint: &Endpoint, named: &Authority) -> bool {
    let Endpoint { app, listen, .. } = endpoint;
    let (scheme, public) = app.public_url.as_str().split_once("://").unwrap_or_default();
    let public_port = if scheme == "https" { 443 } else { 80 };
    let host = named.host();
    let port = named.port_u16();
    if named.as_str().contains('@') || (port.is_none() && named.as_str() != host) {
        return false;
    }
    let is_public = public.parse::<Authority>().is_ok_and(|public| {
        public.host().eq_ignore_ascii_case(host)
            && public.port_u16().unwrap_or(public_port) == port.unwrap_or(public_port)
    });
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_address = address.is_ok_and(|address| address.to_canonical() == listen.ip().to_canonical());
    let is_here = is_address || is_loopback(&host.to_ascii_lowercase());
    is_public || (is_here && port.unwrap_or(80) == listen.port())
}

/// Logs and returns the error for a request to another host. It is logged because the usual reason is not an attack, but
/// a public URL that differs from the address that people use.
fn refuse(parts: &Parts) -> Error {
    static WRITTEN: LogLimit<()> = LogLimit::new();
    if let Some(Admitted { left_out }) = WRITTEN.admit((), Instant::now()) {
        let context = request_context(parts);
        let host = parts.headers.get(header::HOST).map(|host| loggable(&String::from_utf8_lossy(host.as_bytes())));
        tracing::warn!(
            address = %context.address,
            host,
            request_id = %context.request_id,
            trace_id = context.trace_field(),
            left_out,
            "request to /mcp for another host refused; if it is the address that people use, set public_url to it, and \
             trusted_proxies if a proxy sent it"
        );
    }
    Error::ForeignHost
}
