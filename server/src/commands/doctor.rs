//! `doctor`: checks settings and database.

use anyhow::{Context as _, bail};
use uptrakit_core::domain::{restore, users};
use uptrakit_server::settings::{Settings, unknown_variables};
use uptrakit_store::{OpenError, database_url::place};

use super::{
    database::{by_file, core, is_none_yet, open_existing_store, require_startable},
    environment_names,
    terminal::{readable, say},
};

const UNUSABLE: &str = "database    can't be used";

pub async fn doctor(settings: Settings) -> anyhow::Result<()> {
    say(format_args!("settings    ok, listens on {}{}", settings.listen, by_file(&settings)))?;
    for variable in unknown_variables(environment_names()) {
        say(format_args!("remark      {variable}"))?;
    }
    let place = place(&settings.database_url);
    let store = match open_existing_store(&settings).await {
        Err(error) if is_none_yet(&error) => {
            require_startable(&settings).context(UNUSABLE)?;
            let next = match error.downcast_ref() {
                Some(OpenError::Empty) => {
                    "it is there and empty; the server, or `uptrakit-server migrate`, makes its tables"
                }
                _ => "the server, or `uptrakit-server migrate`, makes it",
            };
            return Ok(say(format_args!("database    none yet, {place}: {next}"))?);
        }
        Err(error) if matches!(error.downcast_ref(), Some(OpenError::Older)) => {
            require_startable(&settings).context(UNUSABLE)?;
            let next = "the server, or `uptrakit-server migrate`, brings it up to date; back it up before";
            return Ok(say(format_args!("database    that of an older Uptrakit, {place}: {next}"))?);
        }
        outcome => outcome.context(UNUSABLE)?,
    };
    let core = core(&settings, store)?;
    say(format_args!("database    ok, {place}, migrations are up to date"))?;
    for remark in core.store.remarks().await? {
        say(format_args!("remark      {remark}"))?;
    }
    if let Err(found) = core.store.check().await? {
        bail!("database    is damaged: {found}; restore a backup");
    }
    core.probe_reads().await.map_err(anyhow::Error::msg).context("tokens      can't be judged")?;
    say(format_args!("tokens      can be judged"))?;
    let held = restore::count_on_hold_from_terminal(&core).await.map_err(readable)?;
    if held > 0 {
        say(format_args!(
            "remark      tokens on hold since the database was restored: {held}; each is refused until its owner or an \
             administrator confirms it, on the page or with `uptrakit auth token confirm`"
        ))?;
    }
    let probed = core.store.probe(core.clock.now()).await;
    probed.context("database    takes no writes")?;
    say(format_args!("writes      ok"))?;
    let people = users::list_from_terminal(&core, None, Some("1")).await.map_err(readable)?.total;
    say(format_args!(
        "accounts    {people}{}",
        if people == 0 { ": start the server and open the link it prints" } else { "" }
    ))?;
    Ok(core.close().await?)
}
