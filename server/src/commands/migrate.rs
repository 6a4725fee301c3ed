//! `migrate`: brings a database up to date, for servers whose database role may not change tables.

use uptrakit_server::settings::Settings;
use uptrakit_store::{State, Store};

use super::{
    database::{announce, make_data_dir, named},
    terminal::say,
};

pub async fn migrate(settings: Settings) -> anyhow::Result<()> {
    make_data_dir(&settings)?;
    let was = named(&settings, Store::migrate(&settings.database_url).await)?;
    announce(&settings, was == State::Empty);
    say(format_args!(
        "{}",
        match was {
            State::Empty => "The tables are made.",
            State::Older => "The database is brought up to date.",
            State::Current => "The database was up to date already.",
        }
    ))?;
    Ok(())
}
