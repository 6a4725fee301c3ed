//! Saved tokens, one per server: in the system's keyring, else in a file that only its owner can read.
//! The file always says which of the two it is, so that a run asks the keyring only when the answer is there.

mod keyring;

use crate::{
    failure::{Exit, Failure},
    server::Server,
    settings::{Source, TIMER_FILE},
    text,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    env, fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use uptrakit_api::TokenSecret;

/// Where a saved token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the system's keyring.
    Keyring,
    /// In this file.
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the system keyring"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A saved token.
pub struct Saved {
    /// The token.
    pub token: TokenSecret,
    /// Where it is.
    pub place: Place,
}

/// The saved tokens.
pub struct Store {
    path: Option<PathBuf>,
}

#[derive(Default, Serialize, Deserialize)]
struct Contents {
    /// The server that was signed in to last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(default)]
    servers: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    /// The token's id, to notice that it was rotated or replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The token, unless the keyring has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Entry {
    fn is_in_keyring(&self) -> bool {
        self.token.is_none()
    }
}

/// What is known of a saved token without asking the keyring.
pub struct Known {
    /// Its id at the server.
    pub id: Option<String>,
    /// The token, unless the keyring has it.
    pub text: Option<String>,
}

impl Store {
    /// The store in this file, else in the platform's configuration folder.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path: path.or_else(|| configuration_folder().map(|folder| folder.join("credentials.toml"))) }
    }

    /// The server that was signed in to last.
    pub fn default_server(&self) -> Result<Option<String>, Failure> {
        Ok(self.read()?.default)
    }

    /// The servers that have a token.
    pub fn servers(&self) -> Result<Vec<String>, Failure> {
        Ok(self.read()?.servers.into_keys().collect())
    }

    /// The token that is saved for a server.
    pub fn find(&self, server: &Server) -> Result<Option<Saved>, Failure> {
        let Some(entry) = self.read()?.servers.remove(server.as_str()) else { return Ok(None) };
        let path = self.path()?;
        let (text, place) = match entry.token {
            Some(text) => (text, Place::File(path.to_owned())),
            None => match keyring::find(server) {
                Ok(text) => (text, Place::Keyring),
                Err(why) => {
                    return Err(Failure::new(
                        Exit::Refused,
                        format!("the token for {server} is in the system keyring, which does not give it"),
                    )
                    .because(why)
                    .next("unlock the keyring, or sign in again with `uptrakit auth login --no-keyring`"));
                }
            },
        };
        let source = Source::Saved(place.clone());
        let token = text::token(&text, &source.of_token())
            .map_err(|failure| failure.next(format!("it was not sent anywhere; {}", source.renewal())))?;
        Ok(Some(Saved { token, place }))
    }

    /// What is saved for a server, without asking the keyring.
    pub fn known(&self, server: &Server) -> Result<Option<Known>, Failure> {
        let entry = self.read()?.servers.remove(server.as_str());
        Ok(entry.map(|entry| Known { id: entry.id, text: entry.token }))
    }

    /// Makes sure that a token could be saved, before one is made.
    pub fn prepare(&self) -> Result<(), Failure> {
        let path = self.path()?;
        self.read()?;
        make_folder(path).map_err(|error| unwritable(path, &error))
    }

    /// Saves a token for a server and makes that server the default. The keyring is used, or not even asked.
    pub fn save(
        &self,
        server: &Server,
        token: &TokenSecret,
        id: Option<String>,
        keyring: bool,
    ) -> Result<Place, Failure> {
        let in_keyring = keyring && keyring::save(server, token).is_ok();
        let entry = Entry { id, token: (!in_keyring).then(|| token.expose().to_owned()) };
        let mut before = None;
        self.change(|contents| {
            before = contents.servers.insert(server.as_str().to_owned(), entry);
            contents.default = Some(server.as_str().to_owned());
        })?;
        if keyring && !in_keyring && before.is_some_and(|before| before.is_in_keyring()) {
            // What an earlier login left there would only mislead.
            keyring::forget(server);
        }
        Ok(if in_keyring { Place::Keyring } else { Place::File(self.path()?.to_owned()) })
    }

    /// Saves a token for a server in the file, and no other beside it.
    pub fn save_alone(&self, server: &Server, token: &TokenSecret) -> Result<(), Failure> {
        let entry = Entry { id: None, token: Some(token.expose().to_owned()) };
        self.change(|contents| {
            contents.servers = BTreeMap::from([(server.as_str().to_owned(), entry)]);
            contents.default = Some(server.as_str().to_owned());
        })
    }

    /// Forgets what is saved for a server. The file comes first, because it can say that it failed.
    pub fn forget(&self, server: &Server) -> Result<(), Failure> {
        let mut before = None;
        self.change(|contents| {
            before = contents.servers.remove(server.as_str());
            if contents.default.as_deref() == Some(server.as_str()) {
                contents.default = None;
            }
        })?;
        if before.is_some_and(|before| before.is_in_keyring()) {
            keyring::forget(server);
        }
        Ok(())
    }

    fn path(&self) -> Result<&Path, Failure> {
        self.path.as_deref().ok_or_else(|| {
            Failure::failed("there is no folder for saved credentials")
                .because("neither HOME nor XDG_CONFIG_HOME is set")
                .next("set one of them, or give the token in UPTRAKIT_TOKEN")
        })
    }

    fn read(&self) -> Result<Contents, Failure> {
        let Some(path) = &self.path else { return Ok(Contents::default()) };
        let unreadable = |error: &dyn fmt::Display| {
            Failure::failed(format!("could not read the saved credentials in {}", path.display())).because(error)
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Contents::default());
            }
            Err(error) => return Err(unreadable(&error)),
        };
        let mode = file.metadata().map_err(|error| unreadable(&error))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Failure::new(
                Exit::Refused,
                format!("the saved credentials in {} are not used", path.display()),
            )
            .because(format!("others can get at them (mode {mode:04o})"))
            .next(format!("run `chmod 600 {}`, and revoke the tokens if somebody may have read them", quoted(path))));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        let mend = "mend or delete it, then sign in again with `uptrakit auth login`";
        let text = text::decode(&bytes).map_err(|why| unreadable(&format!("the file {why}")).next(mend))?;
        // The parser's message quotes the line, which may hold a token.
        toml::from_str(text).map_err(|_| unreadable(&"the file is no credentials file of uptrakit").next(mend))
    }

    /// Changes the file as one step: another run sees it before or after, and a crash leaves it whole.
    fn change(&self, change: impl FnOnce(&mut Contents)) -> Result<(), Failure> {
        let path = self.path()?;
        let unwritable = |error: io::Error| unwritable(path, &error);
        make_folder(path).map_err(unwritable)?;
        let lock = open_private(&path.with_extension("lock"), OpenOptions::new().create(true).truncate(false))
            .map_err(unwritable)?;
        lock.lock().map_err(unwritable)?;
        let mut contents = self.read()?;
        change(&mut contents);
        let text = toml::to_string(&contents).map_err(|_| unwritable(io::ErrorKind::InvalidData.into()))?;
        write_private(path, format!("{}{text}", head(path)).as_bytes()).map_err(unwritable)
    }
}

/// What the file says about itself. A timer's own file is told by its name, because a rotation writes it too.
fn head(path: &Path) -> String {
    let by = if path.ends_with(TIMER_FILE) { "uptrakit hosts report --install-timer" } else { "uptrakit auth login" };
    format!("# Written by `{by}`. It may hold tokens: only its owner may be able to read it (mode 0600).\n\n")
}

/// Writes a file of mode 0600 in one step that survives a power cut.
fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = open_private(&fresh, OpenOptions::new().create(true).truncate(true)).and_then(|mut file| {
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    });
    if written.is_err() {
        // It holds a token: it must not stay behind.
        let _ = fs::remove_file(&fresh);
    }
    written?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.write(true).mode(0o600).open(path)
}

fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
        }
        _ => Ok(()),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("could not save the credentials in {}", path.display())).because(error)
}

/// Uptrakit's folder below the platform's configuration folder.
pub fn configuration_folder() -> Option<PathBuf> {
    let absolute = |variable| env::var_os(variable).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    if let Some(folder) = absolute("XDG_CONFIG_HOME") {
        return Some(folder.join("uptrakit"));
    }
    let below_home =
        if cfg!(target_os = "macos") { "Library/Application Support/uptrakit" } else { ".config/uptrakit" };
    absolute("HOME").map(|home| home.join(below_home))
}

/// A path as a shell reads it.
pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+@".contains(c));
    if plain { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
