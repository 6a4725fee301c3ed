//! Chooses the proxy for a server from the environment variables that curl and others read. ureq's own reading asks
//! `ALL_PROXY` first, whatever the scheme, and a name in `NO_PROXY` leaves out no names below it.

use crate::{failure::Failure, server::Server};
use ipnet::IpNet;
use std::{env, ffi::OsString, net::IpAddr};
use ureq::{Proxy, ProxyProtocol};

/// Returns the proxy that the environment sets for this server, and the variable that names it. A server on this
/// machine is always reached directly.
pub(super) fn of_environment(server: &Server) -> Result<Option<(&'static str, Proxy)>, Failure> {
    if server.is_local() {
        return Ok(None);
    }
    let own = if server.as_str().starts_with("https") {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    let named =
        own.into_iter().chain(["ALL_PROXY", "all_proxy"]).find_map(|name| variable(name).map(|value| (name, value)));
    let Some((name, value)) = named else { return Ok(None) };
    // The value may hold a password, so the message does not show it.
    let wrong = || {
        Failure::usage(format!("the proxy in {name} can't be used"))
            .caused_by("it must be like http://proxy.example.org:3128")
    };
    let value = value.into_string().map_err(|_| wrong())?;
    let proxy = Proxy::new(&value).map_err(|_| wrong())?;
    if !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
        return Err(wrong());
    }
    let direct = match ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| variable(name).map(|list| (name, list))) {
        None => None,
        Some((name, list)) => {
            let unread = |_| Failure::usage(format!("the value of {name} is no text in UTF-8"));
            Some(list.into_string().map_err(unread)?)
        }
    };
    let (host, port) = (server.host(), server.port());
    let entries = |list: String| list.split([',', ' ', '\t']).any(|entry| is_direct(entry, &host, port));
    let direct = direct.is_some_and(entries);
    Ok((!direct).then_some((name, proxy)))
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns true when an entry of `NO_PROXY` covers a host. An entry is `*`, a network, an address, a host, or a domain
/// that the host is in. Addresses, hosts and domains may have a port behind them.
fn is_direct(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let address = bare(host).parse::<IpAddr>().ok();
    if let Ok(network) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| network.contains(&address));
    }
    let (name, of_port) = split_port(entry);
    if of_port.is_some_and(|of_port| of_port != port) {
        return false;
    }
    if let Ok(listed) = bare(name).parse::<IpAddr>() {
        return address == Some(listed);
    }
    let domain = name.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    !domain.is_empty() && (host == domain || host.strip_suffix(&domain).is_some_and(|front| front.ends_with('.')))
}

/// Splits an entry into its name and the port behind it. An IPv6 address with a port stands in brackets.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            // A port that can't be parsed becomes 0, which matches no server.
            (name, Some(port.parse().unwrap_or(0)))
        }
        _ => (entry, None),
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::is_direct;

    #[test]
    fn no_proxy_covers_hosts_and_domains() {
        for entry in
            ["*", "example.org", ".example.org", "*.example.org", "a.example.org", "A.Example.ORG", "example.org."]
        {
            assert!(is_direct(entry, "a.example.org", 443), "{entry}");
        }
        for entry in ["", ".", "xample.org", "b.example.org", "a.example.org.net", "10.0.0.0/8", ":443"] {
            assert!(!is_direct(entry, "a.example.org", 443), "{entry}");
        }
    }

    #[test]
    fn no_proxy_covers_networks_and_addresses() {
        for (entry, host) in [
            ("10.0.0.0/8", "10.1.2.3"),
            ("10.1.2.3/8", "10.9.9.9"),
            ("10.1.2.3", "10.1.2.3"),
            ("2001:db8::/32", "[2001:db8::1]"),
            ("2001:db8::1", "[2001:db8:0::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("::1/128", "[::1]"),
        ] {
            assert!(is_direct(entry, host, 443), "{entry} {host}");
        }
        for (entry, host) in [
            ("10.0.0.0/8", "11.1.2.3"),
            ("10.0.0.0/33", "10.1.2.3"),
            ("10.1.2", "10.1.2.3"),
            ("2001:db8::/32", "[2001:db9::1]"),
            ("2001:db8::/32", "10.1.2.3"),
        ] {
            assert!(!is_direct(entry, host, 443), "{entry} {host}");
        }
    }

    #[test]
    fn no_proxy_takes_ports_into_account() {
        for (entry, host) in [
            ("a.example.org:8443", "a.example.org"),
            (".example.org:8443", "a.example.org"),
            ("10.1.2.3:8443", "10.1.2.3"),
            ("[2001:db8::1]:8443", "[2001:db8::1]"),
        ] {
            assert!(is_direct(entry, host, 8443), "{entry}");
            assert!(!is_direct(entry, host, 443), "{entry}");
        }
        assert!(!is_direct("a.example.org:https", "a.example.org", 443));
    }
}
