//! What the shell offers when the tab key is pressed: names that only the server knows.
//! Whatever goes wrong here offers nothing and says nothing, because the person is in the middle of typing.

mod bash;
mod quoting;
mod word;

use crate::{
    args::{Global, Shell},
    client::{Authority, Client},
    output::printable,
    settings::Settings,
    wire::{Host, Page, Token},
};
use clap_complete::{
    CompletionCandidate,
    env::{EnvCompleter, Shells},
};
use std::{
    ffi::{OsStr, OsString},
    rc::Rc,
    sync::OnceLock,
    time::Duration,
};
use uptrakit_api::Permission;

/// Nobody waits longer than this for a suggestion.
const PATIENCE: Duration = Duration::from_secs(1);

/// The shells that can ask.
pub const SHELLS: Shells<'static> = Shells(&[&bash::Bash, &quoting::ZSH, &quoting::FISH]);

/// How a shell asks.
pub fn shell(shell: Shell) -> &'static dyn EnvCompleter {
    match shell {
        Shell::Bash => &bash::Bash,
        Shell::Zsh => &quoting::ZSH,
        Shell::Fish => &quoting::FISH,
    }
}

/// The words of the line that is being typed.
static LINE: OnceLock<Vec<String>> = OnceLock::new();

/// Remembers the line: a server that is named in it is the one to ask.
fn remember(words: &[OsString]) {
    // A process completes one line.
    let _ = LINE.set(words.iter().map(|word| word.to_string_lossy().into_owned()).collect());
}

/// The flags of the line that decide which server is asked, and how.
fn typed_flags() -> Global {
    let words = LINE.get().map(Vec::as_slice).unwrap_or_default();
    let value = |flag: &str| {
        words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix(flag)? {
            "" => words.get(index + 1).cloned(),
            rest => rest.strip_prefix('=').map(str::to_owned),
        })
    };
    Global {
        server: value("--server"),
        token: value("--token"),
        ca_cert: value("--ca-cert").map(Into::into),
        timeout: Some(format!("{}ms", PATIENCE.as_millis())),
        allow_http: words.iter().any(|word| word == "--allow-http"),
        ..Global::default()
    }
}

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
    // What can't be shown as it is can't be chosen either, and what begins with a dash would be read as a flag.
    let chosen = |name: &str| name.starts_with(&*typed) && !name.starts_with('-') && printable(name) == name;
    let fitting = names.filter(|(name, _)| chosen(name));
    fitting.map(|(name, help)| CompletionCandidate::new(name).help(Some(printable(&help).into()))).collect()
}

fn fetch<T: serde::de::DeserializeOwned>(path: &str, current: &OsStr) -> Option<T> {
    let settings = Settings::new(&typed_flags(), Rc::default());
    let token = settings.credential().ok()?.token;
    let server = settings.server().ok()?.clone();
    let client = Client::new(&settings, server, Authority::Token(token)).ok()?;
    let query = [("q", current.to_string_lossy().into_owned()), ("per_page", "100".to_owned())];
    client.get("complete", path, &query).ok()?.read().ok()
}
