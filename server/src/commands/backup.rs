//! `backup`: copies a SQLite database while it is in use.

use std::path::Path;

use anyhow::{Context as _, bail};
use uptrakit_server::settings::Settings;
use uptrakit_store::Store;

use super::{
    database::{announce, named},
    terminal::say,
};

pub async fn backup(settings: Settings, file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        bail!("{} exists already; a backup is never written over something.", file.display());
    }
    let store = named(&settings, Store::open_to_copy(&settings.database_url).await)?;
    announce(&settings, false);
    store.backup(file).await.with_context(|| format!("The backup {} can't be written", file.display()))?;
    store.close().await;
    say(format_args!("The database is copied to {}; it can be served as it is.", file.display()))?;
    Ok(())
}
