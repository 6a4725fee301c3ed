//! Which proxy stands between here and a server, by the environment variables that curl and others read.

use crate::{failure::Failure, server::Server};
use std::{env, ffi::OsString};
use ureq::{Proxy, ProxyProtocol};

/// The proxy of the environment for this server, and the variable that names it. This machine itself is always reached
/// directly.
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
    // The value may hold a password: it is not shown.
    let wrong = || {
        Failure::usage(format!("the proxy in {name} can't be used"))
            .because("it must be like http://proxy.example.org:3128")
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
    let host = server.host();
    let direct = direct.is_some_and(|list| list.split(',').any(|entry| is_direct(entry.trim(), &host)));
    Ok((!direct).then_some((name, proxy)))
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether an entry of `NO_PROXY` covers a host: `*`, the host itself, or a domain that it is in.
fn is_direct(entry: &str, host: &str) -> bool {
    let domain = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
    entry == "*" || (!domain.is_empty() && (host == domain || host.ends_with(&format!(".{domain}"))))
}

#[cfg(test)]
mod tests {
    use super::is_direct;

    #[test]
    fn no_proxy_covers_hosts_and_domains() {
        for entry in ["*", "example.org", ".example.org", "*.example.org", "a.example.org"] {
            assert!(is_direct(entry, "a.example.org"), "{entry}");
        }
        for entry in ["", "xample.org", "b.example.org", "a.example.org.net"] {
            assert!(!is_direct(entry, "a.example.org"), "{entry}");
        }
    }
}
