//! What holds for this run: flags over environment variables over saved credentials over defaults.
//! This is the only place that reads the program's own environment variables.

use crate::{
    args::Global,
    credentials::{Place, Store},
    duration,
    failure::{Exit, Failure},
    server::{self, Server},
};
use std::{cell::OnceCell, env, path::PathBuf, time::Duration};
use uptrakit_api::TokenText;

/// The time limit of a request unless another is given.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// What the file is called in which a timer finds its token.
pub const TIMER_FILE: &str = "timer.toml";
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

/// What holds for this run.
pub struct Settings {
    /// The time limit of a request.
    pub timeout: Duration,
    /// The only certificate authorities to trust, if not the system's.
    pub ca_cert: Option<PathBuf>,
    /// Whether plain http may leave this machine.
    pub allow_http: bool,
    /// Where credentials are saved.
    pub store: Store,
    server: Option<String>,
    token: Option<(String, Source)>,
    resolved: OnceCell<Server>,
}

/// Where a credential came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--token`
    Flag,
    /// `UPTRAKIT_TOKEN`
    Environment,
    /// It was saved by `auth login`.
    Saved(Place),
}

impl Source {
    /// What to do when the token from here no longer works, or soon won't; the end of a sentence.
    pub fn renewal(&self) -> &'static str {
        match self {
            Self::Flag => "give another with --token",
            Self::Environment => "put another into UPTRAKIT_TOKEN",
            Self::Saved(_) if self.is_timer() => "run `uptrakit hosts report --install-timer` again with a new token",
            Self::Saved(_) => "`uptrakit auth login` makes another",
        }
    }

    /// Whether it is the file of a timer, which `auth login` does not change.
    pub fn is_timer(&self) -> bool {
        matches!(self, Self::Saved(Place::File(path)) if path.ends_with(TIMER_FILE))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("--token"),
            Self::Environment => f.write_str("UPTRAKIT_TOKEN"),
            Self::Saved(place) => place.fmt(f),
        }
    }
}

/// A token and where it came from.
pub struct Credential {
    /// The token.
    pub token: TokenText,
    /// Where it came from.
    pub source: Source,
}

impl Settings {
    /// Reads flags and environment. Nothing is opened yet: many runs need no file.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let timeout = match given(global.timeout.as_deref(), "UPTRAKIT_TIMEOUT") {
            None => TIMEOUT,
            Some(text) => match duration::parse(&text) {
                Ok(Duration::ZERO) => return Err(Failure::usage("the time limit must be longer than nothing")),
                Ok(timeout) if timeout > LONGEST_TIMEOUT => {
                    return Err(Failure::usage(format!("the time limit '{text}' must be at most 1d")));
                }
                Ok(timeout) => timeout,
                Err(why) => return Err(Failure::usage(format!("the time limit '{text}' {why}"))),
            },
        };
        let token = match &global.token {
            Some(token) => Some((token.clone(), Source::Flag)),
            None => given(None, "UPTRAKIT_TOKEN").map(|token| (token, Source::Environment)),
        };
        Ok(Self {
            timeout,
            ca_cert: global.ca_cert.clone(),
            allow_http: global.allow_http,
            store: Store::new(given(None, "UPTRAKIT_CREDENTIALS").map(PathBuf::from)),
            server: given(global.server.as_deref(), "UPTRAKIT_SERVER"),
            token,
            resolved: OnceCell::new(),
        })
    }

    /// The server that was named by flag or environment.
    pub fn named_server(&self) -> Result<Option<Server>, Failure> {
        self.server.as_deref().map(|text| Server::parse(text, self.allow_http)).transpose()
    }

    /// The server to talk to.
    pub fn server(&self) -> Result<&Server, Failure> {
        if let Some(server) = self.resolved.get() {
            return Ok(server);
        }
        let server = match self.named_server()? {
            Some(server) => server,
            None => match self.store.default_server()? {
                // It was allowed when it was saved.
                Some(saved) => Server::parse(&saved, true)?,
                None => Server::parse(server::DEFAULT, false)?,
            },
        };
        Ok(self.resolved.get_or_init(|| server))
    }

    /// The token of the flag or the environment, if there is one.
    pub fn named_token(&self) -> Result<Option<Credential>, Failure> {
        let Some((text, source)) = &self.token else { return Ok(None) };
        let token = TokenText::parse(text.trim()).map_err(|_| {
            mistyped(match source {
                Source::Flag => "the token of --token",
                _ => "the token in UPTRAKIT_TOKEN",
            })
        })?;
        Ok(Some(Credential { token, source: source.clone() }))
    }

    /// The token to use.
    pub fn credential(&self) -> Result<Credential, Failure> {
        if let Some(credential) = self.named_token()? {
            return Ok(credential);
        }
        let server = self.server()?;
        match self.store.find(server)? {
            Some(saved) => Ok(Credential { token: saved.token, source: Source::Saved(saved.place) }),
            None => Err(Failure::new(Exit::Refused, format!("there is no token for {server}"))
                .next(format!("sign in with `uptrakit auth login --server {server}`, or set UPTRAKIT_TOKEN"))),
        }
    }
}

/// A token that can't be right is named as such here and never sent, nor shown.
pub fn mistyped(what: &str) -> Failure {
    Failure::new(Exit::Refused, format!("{what} is no Uptrakit API token"))
        .because("a token is upk_ and 36 letters and digits, the last six of which are a checksum of the others")
        .next("copy it again, whole; it was not sent anywhere")
}

/// A flag, else a variable that is set to something.
fn given(flag: Option<&str>, variable: &str) -> Option<String> {
    flag.map(str::to_owned).or_else(|| env::var(variable).ok().filter(|value| !value.is_empty()))
}
