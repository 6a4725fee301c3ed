//! Parses the command line of `uptrakit-server` and runs the command. Each command has a file of its own; the other
//! files have what commands share.

mod backup;
mod database;
mod doctor;
mod migrate;
mod openapi;
mod serve;
mod terminal;
mod user;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use uptrakit_server::{
    log,
    settings::{Settings, Source, default_data_dir},
};

/// Serves Uptrakit: the web app, the JSON API and the database behind them, in one process.
#[derive(Debug, Parser)]
#[command(version, about, after_help = "Example: uptrakit-server --listen 127.0.0.1:9000 --data-dir /srv/uptrakit")]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct SettingFlags {
    /// The settings file [default: /etc/uptrakit/uptrakit.toml, where it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The URL at which browsers find the server [default: http:// and the listen address]
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// The directory of the SQLite file
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// The URL of the database, sqlite:… or postgres:…
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add and change people
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check settings and database; exits 0 when all is well
    Doctor,
    /// Bring the database up to date, as the server does at its start
    Migrate,
    /// Copy the SQLite database, while it is in use, into a new file
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Print the OpenAPI document
    #[command(hide = true)]
    Openapi,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(Command::Openapi) = arguments.command {
        return openapi::print();
    }
    let settings = settings(arguments.settings)?;
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log)?;
    log::start(filter, settings.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match arguments.command {
            None => serve::serve(settings).await,
            Some(Command::User(command)) => user::user(settings, command).await,
            Some(Command::Doctor) => doctor::doctor(settings).await,
            Some(Command::Migrate) => migrate::migrate(settings).await,
            Some(Command::Backup { file }) => backup::backup(settings, &file).await,
            Some(Command::Openapi) => openapi::print(),
        }
    });
    // Password hashes that no request waits for any more must not delay the exit.
    runtime.shutdown_background();
    log::flush();
    outcome
}

/// Returns the names of the variables of the environment, as far as they are text.
fn environment_names() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

fn settings(flags: SettingFlags) -> anyhow::Result<Settings> {
    let environment = |name: &str| std::env::var(name).ok();
    let file = match &flags.config {
        Some(path) => Source::from_file(path)?,
        None => Source::from_default_file(Path::new("/etc/uptrakit/uptrakit.toml"))?,
    };
    let flags = Source {
        listen: flags.listen,
        public_url: flags.public_url,
        data_dir: flags.data_dir,
        database_url: flags.database_url,
        ..Source::default()
    };
    let source = flags.over(Source::from_environment(environment)?).over(file);
    Ok(source.validate(|| default_data_dir(environment))?)
}
