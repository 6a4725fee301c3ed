//! Saved tokens, one per server, in the system's keyring or else in a file that only its owner can read. The file
//! always records which of the two holds a token, so that a run asks the keyring only if it has one.

mod keyring;
mod source;

pub use source::{Source, TIMER_FILE};

use crate::{
    failure::{Exit, Failure, described},
    server::Server,
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
use uptrakit_api::{TokenSecret, encoding};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    Keyring,
    File(PathBuf),
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the system keyring"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

pub struct Saved {
    pub token: TokenSecret,
    pub storage: Storage,
}

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The secret; `None` when the keyring holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Entry {
    fn is_in_keyring(&self) -> bool {
        self.token.is_none()
    }
}

/// The part of a saved token that is known without asking the keyring.
pub struct Known {
    pub id: Option<String>,
    pub secret: Option<String>,
}

impl Store {
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path: path.or_else(|| configuration_folder().map(|folder| folder.join("credentials.toml"))) }
    }

    pub fn default_server(&self) -> Result<Option<String>, Failure> {
        Ok(self.read()?.default)
    }

    pub fn servers(&self) -> Result<Vec<String>, Failure> {
        Ok(self.read()?.servers.into_keys().collect())
    }

    pub fn find(&self, server: &Server) -> Result<Option<Saved>, Failure> {
        let Some(entry) = self.read()?.servers.remove(server.as_str()) else { return Ok(None) };
        let path = self.path()?;
        let (text, storage) = match entry.token {
            Some(text) => (text, Storage::File(path.to_owned())),
            None => match keyring::find(server) {
                Ok(text) => (text, Storage::Keyring),
                Err(why) => {
                    return Err(Failure::new(
                        Exit::Refused,
                        format!("the token for {server} is in the system keyring, which does not give it"),
                    )
                    .caused_by(why)
                    .hint("unlock the keyring, or sign in again with `uptrakit auth login --no-keyring`"));
                }
            },
        };
        let source = Source::Saved(storage.clone());
        let token = text::token(&text, &source.of_token())
            .map_err(|failure| failure.hint(format!("it was not sent anywhere; {}", source.renewal())))?;
        Ok(Some(Saved { token, storage }))
    }

    pub fn known(&self, server: &Server) -> Result<Option<Known>, Failure> {
        let entry = self.read()?.servers.remove(server.as_str());
        Ok(entry.map(|entry| Known { id: entry.id, secret: entry.token }))
    }

    pub fn prepare(&self) -> Result<(), Failure> {
        let path = self.path()?;
        self.read()?;
        make_folder(path).map_err(|error| unwritable(path, &error))
    }

    /// Saves a token for a server and makes that server the default. The token goes to the keyring if `keyring` is true
    /// and the keyring accepts it, else to the file.
    pub fn save(
        &self,
        server: &Server,
        token: &TokenSecret,
        id: Option<String>,
        keyring: bool,
    ) -> Result<Storage, Failure> {
        let in_keyring = keyring && keyring::save(server, token).is_ok();
        let entry = Entry { id, token: (!in_keyring).then(|| token.expose().to_owned()) };
        let mut before = None;
        self.change(|contents| {
            before = contents.servers.insert(server.as_str().to_owned(), entry);
            contents.default = Some(server.as_str().to_owned());
        })?;
        if keyring && !in_keyring && before.is_some_and(|before| before.is_in_keyring()) {
            // The keyring still holds the token of an earlier login, which is out of date now.
            keyring::forget(server);
        }
        Ok(if in_keyring { Storage::Keyring } else { Storage::File(self.path()?.to_owned()) })
    }

    pub fn save_alone(&self, server: &Server, token: &TokenSecret) -> Result<(), Failure> {
        let entry = Entry { id: None, token: Some(token.expose().to_owned()) };
        self.change(|contents| {
            contents.servers = BTreeMap::from([(server.as_str().to_owned(), entry)]);
            contents.default = Some(server.as_str().to_owned());
        })
    }

    /// Removes what is saved for a server. The file is changed first, because the keyring does not report a failure.
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
                .caused_by("neither HOME nor XDG_CONFIG_HOME is set")
                .hint("set one of them, or give the token in UPTRAKIT_TOKEN")
        })
    }

    fn read(&self) -> Result<Contents, Failure> {
        let Some(path) = &self.path else { return Ok(Contents::default()) };
        let unreadable = |error: &dyn fmt::Display| {
            Failure::failed(format!("could not read the saved credentials in {}", path.display())).caused_by(error)
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Contents::default());
            }
            Err(error) => return Err(unreadable(&described(&error))),
        };
        let mode = file.metadata().map_err(|error| unreadable(&described(&error)))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Failure::new(
                Exit::Refused,
                format!("the saved credentials in {} are not used", path.display()),
            )
            .caused_by(format!("others can get at them (mode {mode:04o})"))
            .hint(format!("run `chmod 600 {}`, and revoke the tokens if somebody may have read them", quoted(path))));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| unreadable(&described(&error)))?;
        let mend = "mend or delete it, then sign in again with `uptrakit auth login`";
        let text = encoding::decode(&bytes).map_err(|why| unreadable(&format!("the file {why}")).hint(mend))?;
        // The parser's message quotes the line, which may hold a token.
        toml::from_str(text).map_err(|_| unreadable(&"the file is no credentials file of uptrakit").hint(mend))
    }

    /// Changes the file atomically under a lock: another run sees the state before or after, and a crash leaves the
    /// file whole.
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

/// Returns the comment at the head of the file. A timer's file is recognised by its name, because a rotation writes it,
/// too.
fn head(path: &Path) -> String {
    let by = if path.ends_with(TIMER_FILE) { "uptrakit hosts report --install-timer" } else { "uptrakit auth login" };
    format!("# Written by `{by}`. It may hold tokens: only its owner may be able to read it (mode 0600).\n\n")
}

/// Writes a file of mode 0600 atomically and durably: a new file is synced and renamed over the old one, then the
/// folder is synced.
fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = open_private(&fresh, OpenOptions::new().create(true).truncate(true)).and_then(|mut file| {
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    });
    if written.is_err() {
        // The new file holds a token, so it must not stay behind.
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
    Failure::failed(format!("could not save the credentials in {}", path.display())).caused_by(described(error))
}

pub fn configuration_folder() -> Option<PathBuf> {
    let absolute = |variable| env::var_os(variable).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    if let Some(folder) = absolute("XDG_CONFIG_HOME") {
        return Some(folder.join("uptrakit"));
    }
    let below_home =
        if cfg!(target_os = "macos") { "Library/Application Support/uptrakit" } else { ".config/uptrakit" };
    absolute("HOME").map(|home| home.join(below_home))
}

pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+@".contains(c));
    if plain { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
