//! The settings of this run: flags take precedence over environment variables, then saved credentials, then defaults.
//! No other file reads the program's own environment variables.

use crate::{
    args::Global,
    clock::ServerClock,
    credentials::{Source, Store},
    duration,
    failure::{Exit, Failure, described},
    http::{self, Authority, Client},
    server::{self, Server},
    text,
};
use std::{
    cell::OnceCell,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};
use uptrakit_api::{TokenSecret, encoding};

pub const TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

pub struct Settings {
    /// The only certificate authorities to trust; `None` means those of the system.
    pub ca_cert: Option<PathBuf>,
    pub allow_http: bool,
    pub store: Store,
    pub clock: Rc<ServerClock>,
    timeout: Option<String>,
    server: Option<String>,
    token: Option<String>,
    resolved: OnceCell<Server>,
}

pub struct Credential {
    pub token: TokenSecret,
    pub source: Source,
}

impl Settings {
    /// Creates the settings without parsing a variable or reading a file: many runs need neither, and must not fail for
    /// one that is wrong.
    pub fn new(global: &Global, clock: Rc<ServerClock>) -> Self {
        Self {
            ca_cert: global.ca_cert.clone(),
            allow_http: global.allow_http,
            // A path need not be UTF-8, so the variable is not decoded.
            store: Store::new(variable("UPTRAKIT_CREDENTIALS").map(PathBuf::from)),
            clock,
            timeout: global.timeout.clone(),
            server: global.server.clone(),
            token: global.token.clone(),
            resolved: OnceCell::new(),
        }
    }

    pub fn timeout(&self) -> Result<Duration, Failure> {
        let Some((text, source)) = given(self.timeout.as_deref(), "--timeout", "UPTRAKIT_TIMEOUT")? else {
            return Ok(TIMEOUT);
        };
        let wrong = |why: &str| {
            let hint = match source {
                "--timeout" => "give a limit such as --timeout 30s",
                _ => "set a limit such as UPTRAKIT_TIMEOUT=30s",
            };
            Failure::usage(format!("the time limit '{text}' of {source} {why}")).hint(hint)
        };
        match duration::parse(&text) {
            Ok(Duration::ZERO) => Err(wrong("must be longer than nothing")),
            Ok(timeout) if timeout > LONGEST_TIMEOUT => Err(wrong("must be at most 1d")),
            Ok(timeout) => Ok(timeout),
            // The general message gives examples such as 90d, which are too long here.
            Err(_) => Err(wrong("is no duration")),
        }
    }

    pub fn named_server(&self) -> Result<Option<Server>, Failure> {
        match given(self.server.as_deref(), "--server", "UPTRAKIT_SERVER")? {
            Some((text, source)) if text.trim().is_empty() => Err(Failure::usage(format!("{source} names no server"))
                .hint("give an address such as --server https://updates.example.org, or leave it out")),
            Some((text, _)) => Server::parse(&text, self.allow_http).map(Some),
            None => Ok(None),
        }
    }

    pub fn client(&self, server: Server, authority: Authority) -> Result<Client, Failure> {
        let options =
            http::Options { ca_cert: self.ca_cert.clone(), timeout: self.timeout()?, clock: Rc::clone(&self.clock) };
        Client::new(&options, server, authority)
    }

    /// Returns the named server, else the one that was signed in to last, else the default.
    pub fn server(&self) -> Result<&Server, Failure> {
        if let Some(server) = self.resolved.get() {
            return Ok(server);
        }
        let server = match self.named_server()? {
            Some(server) => server,
            None => match self.store.default_server()? {
                // Plain http was allowed when this address was saved.
                Some(saved) => Server::parse(&saved, true)?,
                None => Server::parse(server::DEFAULT, false)?,
            },
        };
        Ok(self.resolved.get_or_init(|| server))
    }

    pub fn named_token(&self) -> Result<Option<Credential>, Failure> {
        let (text, source) = match (&self.token, variable("UPTRAKIT_TOKEN"), variable("UPTRAKIT_TOKEN_FILE")) {
            (Some(text), ..) => (text.clone(), Source::Flag),
            (None, Some(_), Some(_)) => {
                return Err(
                    Failure::usage("UPTRAKIT_TOKEN and UPTRAKIT_TOKEN_FILE are both set").hint("unset one of them")
                );
            }
            // A value that is not UTF-8 is a malformed token like any other.
            (None, Some(text), None) => (text.to_string_lossy().into_owned(), Source::Environment),
            (None, None, Some(path)) => (token_file(Path::new(&path))?, Source::File(path.into())),
            (None, None, None) => return Ok(None),
        };
        let token = text::token(&text, &source.of_token())?;
        Ok(Some(Credential { token, source }))
    }

    pub fn credential(&self) -> Result<Credential, Failure> {
        if let Some(credential) = self.named_token()? {
            return Ok(credential);
        }
        let server = self.server()?;
        match self.store.find(server)? {
            Some(saved) => Ok(Credential { token: saved.token, source: Source::Saved(saved.storage) }),
            None => {
                Err(Failure::new(Exit::Refused, format!("there is no token for {server}")).hint(self.way_in(server)?))
            }
        }
    }

    fn way_in(&self, server: &Server) -> Result<String, Failure> {
        let way = format!("sign in with `uptrakit auth login --server {server}`, or set UPTRAKIT_TOKEN");
        if self.named_server()?.is_some() {
            return Ok(way);
        }
        let others = self.store.servers()?;
        // The user named no server, so another one may be meant.
        Ok(if others.is_empty() {
            way
        } else {
            format!("{way}; --server takes one that has a token: {}", others.join(", "))
        })
    }
}

fn token_file(path: &Path) -> Result<String, Failure> {
    let wrong = |why: String| {
        Failure::usage(format!("could not read the token in {}", path.display()))
            .caused_by(why)
            .hint("put a token into that file, or unset UPTRAKIT_TOKEN_FILE")
    };
    let bytes = fs::read(path).map_err(|error| wrong(described(&error)))?;
    encoding::decode(&bytes).map(str::to_owned).map_err(|why| wrong(format!("the file {why}")))
}

/// Returns the value of a flag, else of a variable that is not empty, and the name of its source.
fn given(
    value: Option<&str>,
    flag: &'static str,
    name: &'static str,
) -> Result<Option<(String, &'static str)>, Failure> {
    if let Some(value) = value {
        return Ok(Some((value.to_owned(), flag)));
    }
    let Some(value) = variable(name) else { return Ok(None) };
    match value.into_string() {
        Ok(value) => Ok(Some((value, name))),
        Err(_) => {
            Err(Failure::usage(format!("the value of {name} is no text in UTF-8")).hint("set it again, or unset it"))
        }
    }
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
