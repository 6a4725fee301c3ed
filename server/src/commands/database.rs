//! Opening the database that the settings name.

use std::{io, path::Path};

use anyhow::Context as _;
use uptrakit_server::{
    clock::Clock,
    settings::{PublicUrl, Settings},
    state::{App, Core},
    store::{OpenError, Store},
};

/// Opens the database, and makes it where there is none.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    if let Some(directory) = &settings.data_dir {
        make_private_directory(directory)
            .with_context(|| format!("The data directory {} can't be made", directory.display()))?;
    }
    named(settings, Store::open(&settings.database_url, settings.database_connections).await)
}

/// Opens a database that must be there: whoever asks about it must not be told of an empty one that was just made.
pub async fn open_existing_store(settings: &Settings) -> anyhow::Result<Store> {
    named(settings, Store::open_existing(&settings.database_url, settings.database_connections).await)
}

/// Whether there is nothing yet, which the server makes at its first start.
pub fn is_none_yet(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Missing(_) | OpenError::Empty))
}

/// Says which setting is to be looked at.
pub fn named(settings: &Settings, opened: Result<Store, OpenError>) -> anyhow::Result<Store> {
    opened.map_err(|error| {
        let is_place =
            !matches!(error, OpenError::Empty | OpenError::Older | OpenError::Newer(_) | OpenError::Migration(_));
        let error = anyhow::Error::new(error);
        let setting = if settings.data_dir.is_some() { "data_dir" } else { "database_url" };
        if is_place {
            error.context(format!("The setting {setting} names no database that can be used"))
        } else {
            error
        }
    })
}

/// Only the owner may look inside: the database has digests and password hashes in it.
fn make_private_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The parts for a command at the terminal; they work on the database while servers do.
pub fn core(settings: &Settings, store: Store) -> anyhow::Result<App> {
    let public_url = match &settings.public_url {
        Some(url) => url.clone(),
        None => PublicUrl::parse(&format!("http://{}", settings.listen))?,
    };
    Ok(Core::new(store, Clock::System, public_url, Vec::new(), settings.tokens, None))
}
