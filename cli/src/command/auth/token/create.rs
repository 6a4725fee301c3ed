//! `uptrakit auth token create`

use super::{PATH, created, print_text, warn_of_lost_text};
use crate::{args, clock, command::Context, duration, failure::Failure, output::printable};
use std::net::IpAddr;
use uptrakit_api::{CreateToken, Permission, Timestamp};

/// Makes a token.
pub fn run(context: &Context, arguments: args::CreateToken) -> Result<(), Failure> {
    let given = if arguments.expires_in.is_some() { "--expires-in" } else { "--expires-at" };
    let expires_at = expiry(arguments.expires_in.as_deref(), arguments.expires_at.as_deref(), clock::now())?;
    let request = CreateToken {
        name: arguments.name,
        expires_at: expires_at.map(|instant| instant.to_string()),
        expires_in_seconds: None,
        permissions: (!arguments.permissions.is_empty()).then_some(arguments.permissions),
        allowed_networks: (!arguments.allowed_networks.is_empty()).then_some(arguments.allowed_networks),
    };
    let output = context.output;
    context.signed_in(|client, _| {
        let (answer, created) = client.post("create the token", PATH, &request).and_then(created).map_err(|failure| {
            failure.in_flags(|field, message| in_flag(field, message, given, &request)).of_change(
                "the token may be there all the same",
                "look with `uptrakit auth token list`, and revoke it with `uptrakit auth token revoke ID`: nobody knows its text",
            )
        })?;
        let token = &created.fields;
        let ends = match token.expires_at {
            Some(instant) => format!("it works until {}", output.instant_in_full(instant)),
            None => "it works until it is revoked".to_owned(),
        };
        output.note(&format!("Created token {} ({}); {ends}. Its text can't be shown again.", token.name, token.hint));
        print_text(output, &answer, &created).inspect_err(|_| warn_of_lost_text(output, &created, "made"))
    })
}

/// The flag behind a field that the server found wrong, with the entry that it must mean.
fn in_flag(field: &str, message: &str, expiry: &str, request: &CreateToken) -> Option<(String, String)> {
    let of_entry = |flag: &str, entries: &Option<Vec<String>>, fits: fn(&str) -> bool| {
        let Some(wrong) = entries.iter().flatten().find(|entry| !fits(entry)) else {
            return (flag.to_owned(), message.to_owned());
        };
        let message = message.strip_prefix("has an entry that ").unwrap_or(message);
        (format!("{flag} '{}'", printable(wrong)), message.replace("has an entry with", "has"))
    };
    Some(match field {
        "name" => ("--name".to_owned(), message.to_owned()),
        "expires_at" => (expiry.to_owned(), message.to_owned()),
        // A newer server may know more than this program: only where the server complains is the entry looked for.
        "permissions" => of_entry("--permission", &request.permissions, |entry| entry.parse::<Permission>().is_ok()),
        "allowed_networks" => of_entry("--allow-network", &request.allowed_networks, is_network),
        _ => return None,
    })
}

/// Whether it is `address/prefix` without bits behind the prefix, or an address alone.
fn is_network(text: &str) -> bool {
    let (address, prefix) = text.trim().split_once('/').map_or((text.trim(), None), |(a, p)| (a, Some(p)));
    let (bits, width) = match address.parse() {
        Ok(IpAddr::V4(address)) => (u128::from(address.to_bits()) << 96, 32),
        Ok(IpAddr::V6(address)) => (address.to_bits(), 128),
        Err(_) => return false,
    };
    let Some(prefix) = prefix else { return true };
    prefix.parse::<u32>().is_ok_and(|prefix| prefix <= width && bits.checked_shl(prefix).unwrap_or(0) == 0)
}

/// Until when the token works. A day alone means its end, so that the day named is the last on which it works.
fn expiry(within: Option<&str>, at: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    if let Some(text) = within {
        if text.parse::<u64>().is_ok() {
            // Who types 90 hardly means seconds.
            return Err(Failure::usage(format!("--expires-in '{text}' needs a unit, such as 90d or 12h")));
        }
        let length = duration::parse(text).map_err(|why| Failure::usage(format!("--expires-in '{text}' {why}")))?;
        let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        return Ok(Some(now.plus_millis(millis)));
    }
    let Some(text) = at else { return Ok(None) };
    let instant = Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}T23:59:59Z")));
    instant.map(Some).map_err(|_| {
        Failure::usage(format!(
            "--expires-at '{text}' must be a day such as 2030-01-31, or an instant such as 2030-01-31T12:00:00Z"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{expiry, is_network};
    use uptrakit_api::Timestamp;

    #[test]
    fn a_network_has_no_bits_behind_its_prefix() {
        for text in ["10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "0.0.0.0/0", "2001:db8::/32", "::1", "::/0", " ::1/128 "]
        {
            assert!(is_network(text), "{text}");
        }
        for text in ["", "10.1.2.3/8", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "2001:db8::1/32", "::/129", "lan"] {
            assert!(!is_network(text), "{text}");
        }
    }

    #[test]
    fn an_end_is_a_length_an_instant_or_a_day() {
        let now = Timestamp::parse("2030-01-01T00:00:00Z").unwrap();
        let end = |within, at| expiry(within, at, now).map(|end| end.map(|end| end.to_string()));
        assert_eq!(end(Some("90d"), None).unwrap().unwrap(), "2030-04-01T00:00:00.000Z");
        assert_eq!(end(None, Some("2030-01-31T12:00:00+02:00")).unwrap().unwrap(), "2030-01-31T10:00:00.000Z");
        assert_eq!(end(None, Some("2030-01-31")).unwrap().unwrap(), "2030-01-31T23:59:59.000Z");
        assert_eq!(end(None, None).unwrap(), None);
        assert!(end(Some("soon"), None).is_err());
        assert!(end(None, Some("31.1.2030")).is_err());
    }
}
