//! Candidates for the tab key, among them names that only the server knows. An error here yields no candidates and no
//! message, because the user is in the middle of typing.

mod bash;
mod quoting;
mod word;

use crate::{
    args::{self, Arguments, Global, Shell},
    http::Authority,
    settings::Settings,
    text::printable,
};
use clap::CommandFactory;
use clap_complete::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate,
    env::{EnvCompleter, Shells},
};
use std::{
    ffi::{OsStr, OsString},
    rc::Rc,
    sync::OnceLock,
    time::Duration,
};
use uptrakit_api::{
    Permission,
    tolerant::{Host, Page, Token},
};

const PATIENCE: Duration = Duration::from_secs(1);

pub const SHELLS: Shells<'static> = Shells(&[&bash::Bash, &quoting::ZSH, &quoting::FISH]);

pub fn shell(shell: Shell) -> &'static dyn EnvCompleter {
    match shell {
        Shell::Bash => &bash::Bash,
        Shell::Zsh => &quoting::ZSH,
        Shell::Fish => &quoting::FISH,
    }
}

/// The line that is being typed. It is stored because `clap_complete` gives a completer only the current word.
static LINE: OnceLock<Vec<String>> = OnceLock::new();

fn remember(words: &[OsString]) {
    // The process completes a single line, so the value is set only once.
    let _ = LINE.set(words.iter().map(|word| word.to_string_lossy().into_owned()).collect());
}

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

/// Returns the grammar together with the candidates that the parser does not need.
pub fn command() -> clap::Command {
    with_candidates(Arguments::command())
}

fn with_candidates(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| match argument.get_id().as_str() {
        args::TOKEN_ID => argument.add(ArgValueCompleter::new(token_names)),
        args::HOST_ID => argument.add(ArgValueCompleter::new(host_names)),
        args::PERMISSIONS => argument.add(ArgValueCandidates::new(permissions)),
        _ => argument,
    });
    command.mut_subcommands(with_candidates)
}

fn token_names(current: &OsStr) -> Vec<CompletionCandidate> {
    let page: Option<Page<Token>> = fetch("/api/v1/auth/api-tokens", current);
    let tokens = page.map(|page| page.items).unwrap_or_default();
    offer(current, tokens.into_iter().map(|token| (token.name, token.hint)))
}

fn host_names(current: &OsStr) -> Vec<CompletionCandidate> {
    let page: Option<Page<Host>> = fetch("/api/v1/hosts", current);
    let hosts = page.map(|page| page.items).unwrap_or_default();
    offer(current, hosts.into_iter().map(|host| (host.name().to_owned(), host.os_name)))
}

fn permissions() -> Vec<CompletionCandidate> {
    let candidate = |permission: &Permission| {
        CompletionCandidate::new(permission.as_str()).help(Some(permission.in_words().into()))
    };
    Permission::ALL.iter().map(candidate).collect()
}

fn offer(current: &OsStr, names: impl Iterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    // A name with control characters can't be offered, and one that begins with a dash would be parsed as a flag.
    let chosen = |name: &str| name.starts_with(&*typed) && !name.starts_with('-') && printable(name) == name;
    let fitting = names.filter(|(name, _)| chosen(name));
    fitting.map(|(name, help)| CompletionCandidate::new(name).help(Some(printable(&help).into()))).collect()
}

fn fetch<T: serde::de::DeserializeOwned>(path: &str, current: &OsStr) -> Option<T> {
    let settings = Settings::new(&typed_flags(), Rc::default());
    let token = settings.credential().ok()?.token;
    let server = settings.server().ok()?.clone();
    let client = settings.client(server, Authority::Token(token)).ok()?;
    let query = [("q", current.to_string_lossy().into_owned()), ("per_page", "100".to_owned())];
    client.get("complete", path, &query).ok()?.read().ok()
}
