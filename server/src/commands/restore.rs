//! `restore`: puts a backup in the place of the database, or takes over a database that another tool has restored, so
//! that what was revoked since the backup stays revoked.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use uptrakit_api::AuditEvent;
use uptrakit_core::{
    clock::Clock,
    domain::restore::{self, Restored},
};
use uptrakit_server::settings::Settings;
use uptrakit_store::{OpenError, StagedBackup, Store};

use super::{
    database::{announce, make_data_dir, named},
    terminal::say,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The backup, which replaces the SQLite database
    #[arg(required_unless_present = "adopt", conflicts_with = "adopt")]
    file: Option<PathBuf>,
    /// Take over a database that another tool has restored, such as pg_restore
    #[arg(long)]
    adopt: bool,
    /// An export of the audit log (`GET /api/v1/audit/export`) from the database that is replaced: what it revokes is
    /// revoked again [default: every token is put on hold]
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
}

pub async fn restore(settings: Settings, arguments: Arguments) -> anyhow::Result<()> {
    let export = arguments.audit.as_deref().map(read_export).transpose()?;
    let kept = match arguments.file {
        Some(file) => put_in_place(&settings, &file, export.as_deref()).await?,
        None => adopt(&settings, export.as_deref()).await?,
    };
    if let Some(kept) = kept {
        say(format_args!("The former database is kept as {}.", kept.display()))?;
    }
    Ok(())
}

async fn put_in_place(
    settings: &Settings,
    file: &Path,
    export: Option<&[AuditEvent]>,
) -> anyhow::Result<Option<PathBuf>> {
    make_data_dir(settings)?;
    let not_restored = || format!("{} can't be restored", file.display());
    let staged = StagedBackup::new(&settings.database_url, file).await.with_context(not_restored)?;
    announce(settings, false);
    let store = Store::open(&staged.url(), 1).await.with_context(not_restored)?;
    let prepared = prepare(&store, export).await;
    store.close().await;
    let restored = prepared.with_context(not_restored)?;
    let kept = staged.put_in_place().await.with_context(not_restored)?;
    say(format_args!("{} is put in place of the database.", file.display()))?;
    tell(&restored)?;
    Ok(kept)
}

async fn adopt(settings: &Settings, export: Option<&[AuditEvent]>) -> anyhow::Result<Option<PathBuf>> {
    let url = &settings.database_url;
    named(settings, Store::require_unused_file(url))?;
    let store = match Store::open_existing(url, 1).await {
        // The start of a server would let tokens pass after it has brought the database up to date.
        Err(OpenError::Older) => Store::open(url, 1).await,
        opened => opened,
    };
    let store = named(settings, store)?;
    announce(settings, false);
    named(settings, store.require_unused_database().await)?;
    let prepared = prepare(&store, export).await;
    store.close().await;
    let restored = prepared.context("The database can't be taken over")?;
    say(format_args!("The database is taken over."))?;
    tell(&restored)?;
    Ok(None)
}

async fn prepare(store: &Store, export: Option<&[AuditEvent]>) -> anyhow::Result<Restored> {
    let now = Clock::System.now();
    Ok(restore::prepare_from_terminal(store, now, export).await?)
}

fn read_export(file: &Path) -> anyhow::Result<Vec<AuditEvent>> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("The export {name} can't be read"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut events = Vec::new();
    for (index, line) in lines {
        let Ok(event) = serde_json::from_str(line) else {
            bail!(
                "Line {} of {name} is no event of the audit log; name what GET /api/v1/audit/export has answered, whole.",
                index + 1
            );
        };
        events.push(event);
    }
    Ok(events)
}

fn tell(restored: &Restored) -> std::io::Result<()> {
    let Restored { sessions, invitations, applications_disconnected, tokens_on_hold, tokens_revoked, .. } = restored;
    say(format_args!(
        "Ended: {sessions} sessions, {invitations} one-time links, {applications_disconnected} connections of applications."
    ))?;
    match restored.replayed {
        Some((events, end)) => {
            say(format_args!("Replayed: {events} events that the backup lacks, up to {end}."))?;
            say(format_args!("Revoked again: {tokens_revoked} tokens. On hold: {tokens_on_hold} tokens."))?;
            say(format_args!(
                "What was revoked after {end} is not known; where that may be, restore again without --audit."
            ))?;
        }
        None => {
            say(format_args!(
                "On hold: {tokens_on_hold} tokens. Each is refused until its owner or an administrator confirms it, on the \
                 page or with `uptrakit auth token confirm`."
            ))?;
            say(format_args!(
                "Accounts, roles and passwords are those of the backup: deactivate again (`uptrakit-server user \
                 deactivate`) who was deactivated since."
            ))?;
        }
    }
    for (usernames, what) in [
        (&restored.deactivated, "Deactivated again"),
        (&restored.viewers, "Viewers now, because their roles were changed since (`uptrakit-server user set-roles`)"),
        (
            &restored.without_password,
            "Without a password now, because theirs was changed since (`uptrakit-server user set-password`)",
        ),
    ] {
        if !usernames.is_empty() {
            say(format_args!("{what}: {}.", usernames.join(", ")))?;
        }
    }
    Ok(())
}
