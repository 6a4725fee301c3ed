//! What the shell offers when the tab key is pressed: names that only the server knows.
//! Whatever goes wrong here offers nothing and says nothing, because the person is in the middle of typing.

use crate::{
    args::Global,
    client::{Authority, Client},
    settings::Settings,
    wire::{Host, Page, Token},
};
use clap_complete::CompletionCandidate;
use std::{ffi::OsStr, time::Duration};
use uptrakit_api::Permission;

/// Nobody waits longer than this for a suggestion.
const PATIENCE: Duration = Duration::from_secs(1);

/// Names of active tokens.
pub fn token_names(current: &OsStr) -> Vec<CompletionCandidate> {
    let page: Option<Page<Token>> = fetch("/api/v1/auth/api-tokens", current);
    let tokens = page.map(|page| page.items).unwrap_or_default();
    offer(current, tokens.into_iter().map(|token| (token.name, token.hint)))
}

/// Names of hosts.
pub fn host_names(current: &OsStr) -> Vec<CompletionCandidate> {
    let page: Option<Page<Host>> = fetch("/api/v1/hosts", current);
    let hosts = page.map(|page| page.items).unwrap_or_default();
    offer(current, hosts.into_iter().map(|host| (host.name().to_owned(), host.os_name)))
}

/// Permissions and what they allow.
pub fn permissions() -> Vec<CompletionCandidate> {
    let candidate = |permission: &Permission| {
        CompletionCandidate::new(permission.as_str()).help(Some(permission.in_words().into()))
    };
    Permission::ALL.iter().map(candidate).collect()
}

fn offer(current: &OsStr, names: impl Iterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    let fitting = names.filter(|(name, _)| name.starts_with(&*typed) && !name.chars().any(char::is_control));
    fitting.map(|(name, help)| CompletionCandidate::new(name).help(Some(help.into()))).collect()
}

fn fetch<T: serde::de::DeserializeOwned>(path: &str, current: &OsStr) -> Option<T> {
    let mut settings = Settings::new(&Global::default()).ok()?;
    settings.timeout = PATIENCE;
    let token = settings.credential().ok()?.token;
    let server = settings.server().ok()?.clone();
    let client = Client::new(&settings, server, Authority::Token(token)).ok()?;
    let query = [("q", current.to_string_lossy().into_owned()), ("per_page", "100".to_owned())];
    client.get("complete", path, &query).ok()?.read().ok()
}
