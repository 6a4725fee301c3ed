//! Removes the secrets of the server from all output: people put them where they don't belong, and messages repeat their
//! input. Terminals are recorded and the logs of jobs are public, so the hint of a secret takes its place.

use std::borrow::Cow;
use uptrakit_api::{AccessToken, AuthorizationCode, DeviceCode, RefreshToken, TokenSecret};

/// The secrets of all kinds begin with these characters.
const START: &str = "up";

pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((start, hint)) = find(rest) {
        out.push_str(&rest[..start]);
        out.push_str(&hint);
        rest = &rest[start + TokenSecret::LENGTH..];
    }
    if out.is_empty() && rest.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(out + rest) }
}

pub fn holds_secret(text: &str) -> bool {
    find(text).is_some()
}

/// Parses a word that must hold no secret, which would end up in the server's log. Clap quotes the word in
/// front of the error.
pub fn no_secret(text: &str) -> Result<String, String> {
    match find(text) {
        None => Ok(text.to_owned()),
        Some((_, hint)) if hint.starts_with(TokenSecret::PREFIX) => Err(format!(
            "this is the token itself, not its name or id; `uptrakit auth token list` shows those, next to {hint}"
        )),
        Some(_) => Err("this is a secret of an application, not a name or an id".to_owned()),
    }
}

pub fn no_secret_for_host(text: &str) -> Result<String, String> {
    if holds_secret(text) {
        return Err("this is a secret, not the name or id of a host; `uptrakit hosts list` shows those".to_owned());
    }
    Ok(text.to_owned())
}

/// Returns the position and the hint of the first secret.
fn find(text: &str) -> Option<(usize, String)> {
    let starts = text.match_indices(START);
    starts
        .filter_map(|(start, _)| Some((start, text.get(start..start + TokenSecret::LENGTH)?)))
        .find_map(|(start, candidate)| Some((start, hint(candidate)?)))
}

fn hint(candidate: &str) -> Option<String> {
    TokenSecret::parse(candidate)
        .map(|secret| secret.hint())
        .or_else(|_| AccessToken::parse(candidate).map(|secret| secret.hint()))
        .or_else(|_| RefreshToken::parse(candidate).map(|secret| secret.hint()))
        .or_else(|_| AuthorizationCode::parse(candidate).map(|secret| secret.hint()))
        .or_else(|_| DeviceCode::parse(candidate).map(|secret| secret.hint()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::{holds_secret, no_secret, no_secret_for_host, redacted};
    use uptrakit_api::{AccessToken, AuthorizationCode, DeviceCode, RefreshToken};

    const TOKEN: &str = "upk_0000000000000000000000000000003aIdS3";
    const HINT: &str = "upk_0000…IdS3";

    #[test]
    fn a_hint_stands_where_a_token_was() {
        for (text, expected) in [
            (format!("'{TOKEN}'"), format!("'{HINT}'")),
            (format!("ü{TOKEN}{TOKEN} upk_ {TOKEN}x"), format!("ü{HINT}{HINT} upk_ {HINT}x")),
            (format!("upk_{TOKEN}"), format!("upk_{HINT}")),
        ] {
            assert_eq!(redacted(&text), expected);
            assert!(holds_secret(&text));
        }
    }

    #[test]
    fn the_secrets_of_oauth_are_removed_too() {
        let fill = |bytes: &mut [u8]| bytes.fill(7);
        for secret in [
            AccessToken::mint(fill).expose().to_owned(),
            RefreshToken::mint(fill).expose().to_owned(),
            AuthorizationCode::mint(fill).expose().to_owned(),
            DeviceCode::mint(fill).expose().to_owned(),
        ] {
            let hint = format!("{}{}…{}", &secret[..4], &secret[4..8], &secret[36..]);
            assert_eq!(redacted(&format!("up {secret}, {TOKEN}")), format!("up {hint}, {HINT}"));
            assert!(no_secret(&secret).is_err() && no_secret_for_host(&secret).is_err(), "{hint}");
        }
    }

    #[test]
    fn what_is_no_token_stays() {
        for text in [
            "",
            "upk_",
            "upk_0000…IdS3",
            "upk_0000000000000000000000000000003aIdS4",
            "upx_0000000000000000000000000000003aIdS3",
            "upk_00000000000000000000000000000ü3aIdS",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
