//! Parses the command line of `uptrakit-server` and runs the command. Each command has a file of its own; the other
//! files have what commands share.

mod backup;
mod database;
mod doctor;
mod health;
mod migrate;
mod openapi;
mod restore;
mod serve;
mod service_manager;
mod terminal;
mod user;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use uptrakit_server::{
    log,
    settings::{Settings, Source, default_data_dir, with_settings},
};

/// Serves Uptrakit: the web app, the JSON API and the database behind them, in one process.
#[derive(Debug, Parser)]
#[command(version, after_help = "Example: uptrakit-server --listen 127.0.0.1:9000 --data-dir /srv/uptrakit")]
struct Arguments {
    /// The settings file [default: /etc/uptrakit/uptrakit.toml, where it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add and change people
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check settings and database; exits 0 when all is well
    Doctor,
    /// Ask the running server whether it can judge tokens; exits 0 when it can
    Health,
    /// Bring the database up to date, as the server does at its start
    Migrate,
    /// Copy the SQLite database, while it is in use, into a new file
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Put a backup in place, so that what was revoked since stays revoked; no server may run
    Restore(restore::Arguments),
    /// Print the OpenAPI document
    #[command(hide = true)]
    Openapi,
}

pub fn run() -> anyhow::Result<()> {
    let matches = with_settings(Arguments::command()).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Some(Command::Openapi) = arguments.command {
        return openapi::print();
    }
    let inherited = if arguments.command.is_none() { service_manager::inherited_listener()? } else { None };
    let settings = settings(arguments.config.as_deref(), &matches)?;
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log)?;
    log::start(filter, settings.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match arguments.command {
            None => serve::serve(settings, inherited).await,
            Some(Command::User(command)) => user::user(settings, command).await,
            Some(Command::Doctor) => doctor::doctor(settings).await,
            Some(Command::Health) => health::health(&settings),
            Some(Command::Migrate) => migrate::migrate(settings).await,
            Some(Command::Backup { file }) => backup::backup(settings, &file).await,
            Some(Command::Restore(arguments)) => restore::restore(settings, arguments).await,
            Some(Command::Openapi) => openapi::print(),
        }
    });
    // Password hashes that no request waits for any more must not delay the exit.
    runtime.shutdown_background();
    log::flush();
    outcome
}

fn environment_names() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

fn settings(file: Option<&Path>, flags_and_variables: &ArgMatches) -> anyhow::Result<Settings> {
    let mut source = match file {
        Some(path) => Source::from_file(path)?,
        None => Source::from_default_file(Path::new("/etc/uptrakit/uptrakit.toml"))?,
    };
    source.update_from_arg_matches(flags_and_variables)?;
    Ok(source.validate(|| default_data_dir(|name| std::env::var(name).ok()))?)
}
