//! Networks as users write them; tokens and settings share one rule.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidNetwork {
    Form,
    /// The text names an address within a network; the value is that network.
    BitsBehindPrefix(IpNet),
}

pub fn parse_network(text: &str) -> Result<IpNet, InvalidNetwork> {
    let network = parse(text.trim()).ok_or(InvalidNetwork::Form)?;
    if network.addr() != network.network() {
        return Err(InvalidNetwork::BitsBehindPrefix(network.trunc()));
    }
    Ok(unmapped(network))
}

/// Leading zeros are rejected, because some programs read them as octal.
fn parse(text: &str) -> Option<IpNet> {
    match text.split_once('/') {
        Some((_, prefix)) if prefix.starts_with('+') || (prefix.len() > 1 && prefix.starts_with('0')) => None,
        Some((address, prefix)) => IpNet::new(address.parse().ok()?, prefix.parse().ok()?).ok(),
        None => text.parse().ok().map(|address: IpAddr| address.into()),
    }
}

/// Converts `::ffff:a.b.c.d/96+n` to `a.b.c.d/n`, because clients are seen by their IPv4 address.
fn unmapped(network: IpNet) -> IpNet {
    if let IpNet::V6(six) = network
        && six.prefix_len() >= 96
        && let Some(four) = six.addr().to_ipv4_mapped()
    {
        return Ipv4Net::new(four, six.prefix_len() - 96).map_or(network, IpNet::V4);
    }
    network
}

#[cfg(test)]
mod tests {
    use super::{InvalidNetwork, parse_network};

    #[test]
    fn a_network_has_one_form() {
        let parsed = |text: &str| parse_network(text).map(|network| network.to_string());
        for (text, network) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 192.168.1.7 ", "192.168.1.7/32"),
            ("::ffff:172.16.0.0/108", "172.16.0.0/12"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(network));
        }
        for text in ["", "here", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "010.0.0.0/8", "10/8"] {
            assert_eq!(parse_network(text), Err(InvalidNetwork::Form), "{text}");
        }
        for (text, meant) in [("10.0.0.1/8", "10.0.0.0/8"), ("2001:db8::1/32", "2001:db8::/32")] {
            assert_eq!(parse_network(text), Err(InvalidNetwork::BitsBehindPrefix(meant.parse().unwrap())));
        }
    }
}
