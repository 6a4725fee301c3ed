//! Opens the database that the settings name, and names it in messages.

use std::{
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use uptrakit_core::{clock::Clock, public_url::PublicUrl, state::Core};
use uptrakit_server::settings::Settings;
use uptrakit_store::{OpenError, Store, database_url::place, may_make_directory, plain_io};

pub async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    make_data_dir(settings)?;
    named(settings, Store::open(&settings.database_url, settings.database_connections).await)
}

pub fn make_data_dir(settings: &Settings) -> anyhow::Result<()> {
    let Some(directory) = &settings.data_dir else { return Ok(()) };
    make_private_directory(directory).map_err(|error| cannot_be_made(directory, &error))
}

fn cannot_be_made(directory: &Path, error: &io::Error) -> anyhow::Error {
    let why = match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => "what is there is no directory".into(),
        _ => plain_io(error),
    };
    let directory = directory.display();
    anyhow::anyhow!("The data directory {directory} can't be made: {why}; make it, or name another in data_dir.")
}

/// Fails, in the words of a start, where a start would not make the database, its tables or its pending migrations.
pub fn require_startable(settings: &Settings) -> anyhow::Result<()> {
    if let Some(directory) = settings.data_dir.as_deref().filter(|directory| !directory.is_dir()) {
        may_make_directory(directory).map_err(|error| cannot_be_made(directory, &error))?;
    }
    named(settings, Store::require_startable(&settings.database_url, settings.data_dir.is_some()))
}

/// Opens a database that must exist already: a command that asks about it must not report on an empty one that it has
/// just created.
pub async fn open_existing_store(settings: &Settings) -> anyhow::Result<Store> {
    named(settings, Store::open_existing(&settings.database_url, settings.database_connections).await)
}

pub fn announce(settings: &Settings, is_new: bool) {
    let new = if is_new { " (new)" } else { "" };
    // A command does its work even when standard error can't be written.
    let _ = writeln!(io::stderr(), "Database: {}{new}{}", place(&settings.database_url), by_file(settings));
}

pub fn by_file(settings: &Settings) -> String {
    settings.file.as_ref().map(|file| format!(", by the settings file {}", file.display())).unwrap_or_default()
}

/// Returns true when there is no database yet, which is no fault: the server creates it at its first start.
pub fn is_none_yet(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Missing(_) | OpenError::Empty))
}

pub fn unusable(settings: &Settings) -> String {
    let setting = if settings.data_dir.is_some() { "data_dir" } else { "database_url" };
    format!("The setting {setting} names no database that can be used")
}

pub fn named<T>(settings: &Settings, opened: Result<T, OpenError>) -> anyhow::Result<T> {
    opened.map_err(|error| {
        let unusable = unusable(settings);
        let place = place(&settings.database_url);
        let context = match &error {
            // The message of these errors names the place itself.
            OpenError::Unreachable { .. } | OpenError::Missing(_) => unusable,
            OpenError::Unfit(_) | OpenError::Database(_) => format!("{unusable}: {place}"),
            _ => place,
        };
        anyhow::Error::new(error).context(context)
    })
}

/// Creates a directory that only its owner may enter, because the database contains digests and password hashes.
fn make_private_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        make_private_directory(parent)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(directory) {
        // Another process has created the directory in the meantime.
        Err(_) if directory.is_dir() => Ok(()),
        Err(error) => Err(error),
        // The umask may have removed permissions.
        Ok(()) => std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)),
    }
}

pub fn core(settings: &Settings, store: Store) -> anyhow::Result<Arc<Core>> {
    let public_url = match &settings.public_url {
        Some(url) => url.clone(),
        None => PublicUrl::parse(&format!("http://{}", settings.listen))?,
    };
    Ok(Core::new(store, Clock::System, public_url, Vec::new(), settings.tokens, settings.oauth, None))
}
