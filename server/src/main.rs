//! `uptrakit-server`: reads the settings, then serves, or does one of the things that are done at its terminal.

use std::{
    io::{self, IsTerminal, Read, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use uptrakit_api::{AccountId, Role, Secret, User};
use uptrakit_server::{
    clock::Clock,
    domain::{accounts, maintenance, users},
    error::Error,
    http,
    settings::{PublicUrl, Settings, Source, default_data_dir},
    state::{App, Core},
    store::{OpenError, Store},
};

/// A request is a few dozen small allocations; this allocator keeps them cheap and its memory small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Serves Uptrakit: the web app, the JSON API and the database behind them, in one process.
#[derive(Debug, Parser)]
#[command(version, about, after_help = "Example: uptrakit-server --listen 127.0.0.1:9000 --data-dir /srv/uptrakit")]
struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct SettingFlags {
    /// A file of settings
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where browsers find the server [default: http:// and the listen address]
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Where the SQLite file is
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// sqlite:… or postgres:…
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add and change people
    #[command(subcommand)]
    User(UserCommand),
    /// Check settings and database; exits 0 when all is well
    Doctor,
    /// Copy the SQLite database, while it is in use, into a new file
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Print the OpenAPI document
    #[command(hide = true)]
    Openapi,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a person
    Add {
        username: String,
        #[arg(long)]
        email: String,
        /// viewer, operator or administrator; may be given several times
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// List people
    List,
    /// Set a person's roles, all of them
    SetRoles {
        username: String,
        #[arg(required = true)]
        roles: Vec<Role>,
    },
    /// Close a person's account: sessions end, tokens stop working
    Deactivate { username: String },
    /// Open a person's account again
    Activate { username: String },
    /// Set a person's password; their sessions end
    SetPassword {
        username: String,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(Command::Openapi) = arguments.command {
        return print_openapi();
    }
    let settings = settings(arguments.settings)?;
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_new(&settings.log).with_context(|| {
            format!(
                "The setting log is wrong: \"{}\" is no filter, such as info or uptrakit_server=debug.",
                settings.log
            )
        })?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match arguments.command {
            None => serve(settings).await,
            Some(Command::User(command)) => user(settings, command).await,
            Some(Command::Doctor) => doctor(settings).await,
            Some(Command::Backup { file }) => backup(settings, &file).await,
            Some(Command::Openapi) => print_openapi(),
        }
    });
    // Hashes that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    outcome
}

fn print_openapi() -> anyhow::Result<()> {
    let document = serde_json::to_string_pretty(&http::openapi::document())?;
    say(format_args!("{document}"))?;
    Ok(())
}

fn settings(flags: SettingFlags) -> anyhow::Result<Settings> {
    let environment = |name: &str| std::env::var(name).ok();
    let file = match &flags.config {
        Some(path) => Source::from_file(path)?,
        None => Source::default(),
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

/// Opens the database, and makes it where there is none.
async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    if let Some(directory) = &settings.data_dir {
        make_private_directory(directory)
            .with_context(|| format!("The data directory {} can't be made", directory.display()))?;
    }
    named(settings, Store::open(&settings.database_url, settings.database_connections).await)
}

/// Opens a database that must be there: whoever asks about it must not be told of an empty one that was just made.
async fn open_existing_store(settings: &Settings) -> anyhow::Result<Store> {
    named(settings, Store::open_existing(&settings.database_url, settings.database_connections).await)
}

/// Whether there is nothing yet, which the server makes at its first start.
fn is_none_yet(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Missing(_) | OpenError::Empty))
}

/// Says which setting is to be looked at.
fn named(settings: &Settings, opened: Result<Store, OpenError>) -> anyhow::Result<Store> {
    opened.map_err(|error| {
        let is_place = matches!(error, OpenError::Database(_) | OpenError::Missing(_));
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

async fn serve(settings: Settings) -> anyhow::Result<()> {
    // Thousands of idle connections need as many file descriptors; the usual soft limit is 1024.
    let _ = rlimit::increase_nofile_limit(rlimit::INFINITY);
    let measured = match settings.metrics_listen {
        Some(listen) => {
            let listener = TcpListener::bind(listen).await;
            let listener = listener.with_context(|| format!("The server can't serve metrics on {listen}"))?;
            Some((listener, http::metrics::install()?))
        }
        None => None,
    };
    let store = open_store(&settings).await?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("The server can't listen on {}", settings.listen))?;
    let address = listener.local_addr()?;
    let public_url = match settings.public_url {
        Some(url) => url,
        None => PublicUrl::parse(&format!("http://{address}"))?,
    };
    let app = Core::new(store, Clock::System, public_url, settings.trusted_proxies, settings.tokens);
    maintenance::start(&app).await?;
    if let Some((listener, handle)) = measured {
        tokio::spawn(http::metrics::serve(listener, handle, app.clone()));
    }
    let router = http::router(&app);
    // Before it says that it listens: whoever waits for that may stop it at once.
    let told = told_to_stop();
    let code = accounts::new_first_run_code(&app).await.map_err(readable)?;
    say(format_args!("Uptrakit is listening on http://{address}"))?;
    if let Some(Secret(code)) = code {
        say(format_args!("Create the first account: {}/setup?code={code}", app.public_url.as_str()))?;
    }
    let stop = {
        let app = app.clone();
        async move {
            told.await;
            app.stopping.cancel();
        }
    };
    http::serve::serve(listener, router, http::serve::HEAD_TIMEOUT, stop).await;
    app.close().await.context("Last uses could not be written")
}

/// Hears the signals that stop the server, from the call on; the answer is there when one has come.
fn told_to_stop() -> impl Future<Output = ()> {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            }
            // Without signals the process can only be killed, which loses nothing that was acknowledged.
            _ => std::future::pending().await,
        }
    }
}

/// A line on standard output. A reader that went away is no failure.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// The parts for a command at the terminal; they work on the database while servers do.
fn core(settings: &Settings, store: Store) -> anyhow::Result<App> {
    let public_url = match &settings.public_url {
        Some(url) => url.clone(),
        None => PublicUrl::parse(&format!("http://{}", settings.listen))?,
    };
    Ok(Core::new(store, Clock::System, public_url, Vec::new(), settings.tokens))
}

async fn user(settings: Settings, command: UserCommand) -> anyhow::Result<()> {
    let store = match open_existing_store(&settings).await {
        Err(error) if matches!(command, UserCommand::Add { .. }) && is_none_yet(&error) => {
            open_store(&settings).await?
        }
        opened => opened?,
    };
    let core = core(&settings, store)?;
    match command {
        UserCommand::Add { username, email, roles, password_stdin } => {
            let password = read_password(password_stdin)?;
            let roles = roles.into_iter().collect();
            let added = users::add_from_terminal(&core, &username, &email, roles, &password).await;
            say(format_args!("{} is added.", added.map_err(readable)?.username))?;
        }
        UserCommand::List => list_users(&core).await?,
        UserCommand::SetRoles { username, roles } => {
            let id = find(&core, &username).await?;
            let user = users::update_from_terminal(&core, id, Some(roles.into_iter().collect()), None).await;
            let user = user.map_err(readable)?;
            say(format_args!("{} has these roles now: {}.", user.username, user.roles))?;
        }
        UserCommand::Deactivate { username } => {
            let id = find(&core, &username).await?;
            let user = users::update_from_terminal(&core, id, None, Some(false)).await.map_err(readable)?;
            say(format_args!("{} is deactivated.", user.username))?;
        }
        UserCommand::Activate { username } => {
            let id = find(&core, &username).await?;
            let user = users::update_from_terminal(&core, id, None, Some(true)).await.map_err(readable)?;
            say(format_args!("{} is active.", user.username))?;
        }
        UserCommand::SetPassword { username, password_stdin } => {
            let id = find(&core, &username).await?;
            let password = read_password(password_stdin)?;
            users::set_password_from_terminal(&core, id, &password).await.map_err(readable)?;
            say(format_args!("The password of {username} is set; their sessions have ended."))?;
        }
    }
    Ok(core.close().await?)
}

async fn find(core: &Core, username: &str) -> anyhow::Result<AccountId> {
    match users::find_by_username(core, username).await {
        Err(Error::NotFound) => bail!("There is no account {username:?}."),
        outcome => outcome.map_err(readable),
    }
}

async fn list_users(core: &Core) -> anyhow::Result<()> {
    let mut page = 1_u32;
    loop {
        let users = users::list(core, Some(&page.to_string()), Some("100")).await.map_err(readable)?;
        for User { username, email, roles, active, .. } in &users.items {
            say(format_args!("{username}\t{email}\t{roles}\t{}", if *active { "active" } else { "deactivated" }))?;
        }
        if u64::from(page) >= users.total_pages {
            return Ok(());
        }
        page += 1;
    }
}

fn read_password(from_stdin: bool) -> anyhow::Result<Secret> {
    if !from_stdin {
        return Ok(Secret(
            rpassword::prompt_password("Password: ")
                .context("The password can't be asked for here; use --password-stdin")?,
        ));
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).context("The password can't be read from standard input")?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// What an error says at a terminal.
fn readable(error: Error) -> anyhow::Error {
    let cause = match &error {
        Error::Unavailable(cause) => Some(cause.to_string()),
        Error::Internal(cause) => Some(cause.clone()),
        _ => None,
    };
    let problem = error.into_problem();
    let mut lines: Vec<String> =
        problem.errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    if lines.is_empty() {
        lines.push(problem.detail);
    }
    lines.extend(cause);
    anyhow::anyhow!(lines.join("\n"))
}

async fn doctor(settings: Settings) -> anyhow::Result<()> {
    say(format_args!("settings    ok, listens on {}", settings.listen))?;
    let store = match open_existing_store(&settings).await {
        Err(error) if is_none_yet(&error) => {
            return Ok(say(format_args!("database    none yet: the server makes it when it is started"))?);
        }
        Err(error) if matches!(error.downcast_ref(), Some(OpenError::Older)) => {
            let next = "the server brings it up to date when it is started; back it up before";
            return Ok(say(format_args!("database    that of an older Uptrakit: {next}"))?);
        }
        outcome => outcome.context("database    can't be used")?,
    };
    let core = core(&settings, store)?;
    say(format_args!("database    ok, {}, migrations are up to date", core.store.engine()))?;
    if let Err(found) = core.store.check().await? {
        bail!("database    is damaged: {found}; restore a backup");
    }
    core.store.probe(core.clock.now().0).await.context("database    takes no writes")?;
    say(format_args!("writes      ok"))?;
    let people = users::list(&core, None, Some("1")).await.map_err(readable)?.total;
    say(format_args!(
        "accounts    {people}{}",
        if people == 0 { ": start the server and open the link it prints" } else { "" }
    ))?;
    Ok(core.close().await?)
}

async fn backup(settings: Settings, file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        bail!("{} exists already; a backup is never written over something.", file.display());
    }
    let store = named(&settings, Store::open_to_copy(&settings.database_url).await)?;
    store.backup(file).await.with_context(|| format!("The backup {} can't be written", file.display()))?;
    store.close().await;
    say(format_args!("The database is copied to {}; it can be served as it is.", file.display()))?;
    Ok(())
}
