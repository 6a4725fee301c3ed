//! `uptrakit auth token create`

use super::{PATH, created, print_secret, warn_of_lost_secret};
use crate::{args, commands::Context, duration, failure::Failure, text::printable};
use ipnet::IpNet;
use std::net::IpAddr;
use uptrakit_api::{CreateToken, Permission, Timestamp};

pub fn run(context: &Context, arguments: args::CreateToken) -> Result<(), Failure> {
    let expires_at = arguments.expires_at.as_deref().map(end).transpose()?;
    let request = CreateToken {
        name: arguments.name,
        expires_at: expires_at.map(|instant| instant.to_string()),
        // The server counts the lifetime from its own clock, because this machine's may be wrong.
        expires_in_seconds: arguments.expires_in.as_deref().map(lifetime).transpose()?,
        permissions: (!arguments.permissions.is_empty()).then_some(arguments.permissions),
        allowed_networks: (!arguments.allowed_networks.is_empty()).then_some(arguments.allowed_networks),
    };
    let output = context.output;
    context.signed_in(|client, _| {
        let (answer, created) = client.post("create the token", PATH, &request).and_then(created).map_err(|failure| {
            failure.in_flags(|field, message| in_flag(field, message, &request)).of_change(
                "the token may be there all the same",
                "look with `uptrakit auth token list`, and revoke it with `uptrakit auth token revoke ID`: the token itself did not arrive",
            )
        })?;
        let token = &created.fields;
        let ends = match token.expires_at {
            Some(instant) => format!("it works until {}", output.instant_in_full(instant)),
            None => "it works until it is revoked".to_owned(),
        };
        output.note(&format!("Created token {} ({}); {ends}. The token can't be shown again.", token.name, token.hint));
        print_secret(output, &answer, &created).inspect_err(|_| warn_of_lost_secret(output, &created, "made"))
    })
}

/// Translates a field that the server rejected into its flag, and finds the entry of a list that the message must mean.
fn in_flag(field: &str, message: &str, request: &CreateToken) -> Option<(String, String)> {
    let of_entry = |flag: &str, entries: &Option<Vec<String>>, fits: fn(&str) -> bool| {
        let Some(wrong) = entries.iter().flatten().find(|entry| !fits(entry)) else {
            return (flag.to_owned(), message.to_owned());
        };
        let message = message.strip_prefix("has an entry that ").unwrap_or(message);
        (format!("{flag} '{}'", printable(wrong)), message.replace("has an entry with", "has"))
    };
    Some(match field {
        "name" => ("--name".to_owned(), message.to_owned()),
        "expires_at" => ("--expires-at".to_owned(), message.to_owned()),
        "expires_in_seconds" => ("--expires-in".to_owned(), message.to_owned()),
        // A newer server may accept more than this program knows, so the entries are checked only after the server has
        // rejected the list.
        "permissions" => of_entry("--permission", &request.permissions, |entry| entry.parse::<Permission>().is_ok()),
        "allowed_networks" => of_entry("--allow-network", &request.allowed_networks, is_network),
        _ => return None,
    })
}

/// Returns true for what the server takes: an address alone, or `address/prefix` without bits behind the prefix. The
/// server rejects a sign and leading zeros of the prefix, which the parser of numbers accepts.
fn is_network(text: &str) -> bool {
    let text = text.trim();
    let Some((address, prefix)) = text.split_once('/') else { return text.parse::<IpAddr>().is_ok() };
    let is_plain = !prefix.starts_with('+') && (prefix.len() == 1 || !prefix.starts_with('0'));
    let network =
        address.parse().ok().zip(prefix.parse().ok()).and_then(|(address, prefix)| IpNet::new(address, prefix).ok());
    is_plain && network.is_some_and(|network| network.addr() == network.network())
}

fn lifetime(text: &str) -> Result<i64, Failure> {
    let wrong = |why: &str| Failure::usage(format!("--expires-in '{text}' {why}"));
    if text.trim().parse::<u64>().is_ok() {
        // A number alone is ambiguous: a user who types 90 hardly means seconds.
        return Err(wrong("needs a unit, such as 90d or 12h"));
    }
    let length = duration::parse(text).map_err(|why| wrong(&why))?;
    if length.is_zero() || length.subsec_nanos() > 0 {
        return Err(wrong("must be one second or more, without a fraction of one"));
    }
    Ok(i64::try_from(length.as_secs()).unwrap_or(i64::MAX))
}

/// Parses the end of a token. A day alone means its last second, so that the token still works on the day that is
/// named.
fn end(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}T23:59:59Z"))).map_err(|_| {
        Failure::usage(format!(
            "--expires-at '{text}' must be a day such as 2030-01-31, or an instant such as 2030-01-31T12:00:00Z"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{end, is_network, lifetime};

    #[test]
    fn a_network_is_one_where_the_server_takes_it_as_such() {
        for text in [
            "10.0.0.0/8",
            "10.1.2.3",
            "10.1.2.3/32",
            "0.0.0.0/0",
            "2001:db8::/32",
            "::1",
            "::/0",
            " ::1/128 ",
            "::ffff:172.16.0.0/108",
        ] {
            assert!(is_network(text), "{text}");
        }
        for text in [
            "",
            "lan",
            "10.1.2.3/8",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/-1",
            "10.0.0.0/ 8",
            "10.0.0.0/",
            "010.0.0.0/8",
            "10.0.0/8",
            "10/8",
            "2001:db8::1/32",
            "::/129",
        ] {
            assert!(!is_network(text), "{text}");
        }
    }

    #[test]
    fn a_lifetime_is_a_number_of_seconds_with_a_unit() {
        for (text, seconds) in [("90d", 7_776_000), ("1h30m", 5_400), ("1s", 1), ("4294967295w", 2_597_596_220_016_000)]
        {
            assert_eq!(lifetime(text).unwrap(), seconds, "{text}");
        }
        for text in ["90", " 90 ", "soon", "0d", "999ms", "1s500ms", ""] {
            assert!(lifetime(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_end_is_an_instant_or_a_day() {
        let end = |text| end(text).map(|end| end.to_string());
        assert_eq!(end("2030-01-31T12:00:00+02:00").unwrap(), "2030-01-31T10:00:00.000Z");
        assert_eq!(end("2030-01-31").unwrap(), "2030-01-31T23:59:59.000Z");
        assert!(end("31.1.2030").is_err());
    }
}
