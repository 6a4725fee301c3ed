//! Removes the secrets of tokens from all output: people put them where they don't belong, and messages repeat their
//! input. Terminals are recorded and the logs of jobs are public, so the token's hint takes the place of its secret.

use std::borrow::Cow;
use uptrakit_api::TokenSecret;

pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((start, token)) = find(rest) {
        out.push_str(&rest[..start]);
        out.push_str(&token.hint());
        rest = &rest[start + TokenSecret::LENGTH..];
    }
    if out.is_empty() && rest.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(out + rest) }
}

pub fn holds_token(text: &str) -> bool {
    find(text).is_some()
}

/// Parses a word that must not be a token's secret, which would end up in the server's log. Clap quotes the word in
/// front of the error.
pub fn no_token(text: &str) -> Result<String, String> {
    match find(text) {
        None => Ok(text.to_owned()),
        Some((_, token)) => Err(format!(
            "this is the token itself, not its name or id; `uptrakit auth token list` shows those, next to {}",
            token.hint()
        )),
    }
}

pub fn no_token_but_host(text: &str) -> Result<String, String> {
    if holds_token(text) {
        return Err("this is an API token, not the name or id of a host; `uptrakit hosts list` shows those".to_owned());
    }
    Ok(text.to_owned())
}

fn find(text: &str) -> Option<(usize, TokenSecret)> {
    let starts = text.match_indices(TokenSecret::PREFIX);
    starts
        .filter_map(|(start, _)| Some((start, text.get(start..start + TokenSecret::LENGTH)?)))
        .find_map(|(start, candidate)| TokenSecret::parse(candidate).ok().map(|token| (start, token)))
}

#[cfg(test)]
mod tests {
    use super::{holds_token, redacted};

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
            assert!(holds_token(&text));
        }
    }

    #[test]
    fn what_is_no_token_stays() {
        for text in [
            "",
            "upk_",
            "upk_0000…IdS3",
            "upk_0000000000000000000000000000003aIdS4",
            "upk_00000000000000000000000000000ü3aIdS",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
