//! Serves until a signal stops the process. The program does this when it is given no command.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::Context as _;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use uptrakit_api::Secret;
use uptrakit_core::{clock::Clock, domain::accounts, error::Error, jobs, public_url::PublicUrl, state::Core};
use uptrakit_server::{
    App, http,
    settings::{Settings, require_public_url, unknown_variables},
    telemetry::Telemetry,
};
use uptrakit_store::database_url::place;

use super::{
    database::{open_store, unusable},
    environment_names, service_manager,
    terminal::readable,
};

/// `inherited` takes the place of the setting `listen`.
pub async fn serve(settings: Settings, inherited: Option<std::net::TcpListener>) -> anyhow::Result<()> {
    // From here on SIGHUP no longer ends the process; systemd and log rotation send it.
    drop(signal(SignalKind::hangup())?);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        database = place(&settings.database_url),
        changed_settings = settings.changed(),
        "Uptrakit is starting"
    );
    // Each idle connection needs a file descriptor, and the usual soft limit of 1024 is too low for thousands of them.
    let _ = rlimit::increase_nofile_limit(rlimit::INFINITY);
    let metrics_listener = match settings.metrics_listen {
        Some(listen) => {
            let listener = TcpListener::bind(listen).await;
            Some(listener.map_err(|error| cannot_listen(listen, "metrics_listen", &error))?)
        }
        None => None,
    };
    let telemetry = Telemetry::start(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
    let handle = http::metrics::install(metrics_listener.is_some(), telemetry.meter())?;
    for variable in unknown_variables(environment_names()) {
        tracing::warn!("{variable}");
    }
    let store = open_store(&settings).await?;
    let unusable = format!("{}: {}", unusable(&settings), place(&settings.database_url));
    if let Ok(Some(remark)) = store.connections_remark().await {
        tracing::warn!("{remark}");
    }
    let listener = match inherited {
        Some(listener) => TcpListener::from_std(listener)?,
        None => {
            let listener = TcpListener::bind(settings.listen).await;
            listener.map_err(|error| cannot_listen(settings.listen, "listen", &error))?
        }
    };
    let address = listener.local_addr()?;
    require_public_url(settings.public_url.as_ref(), address)?;
    let public_url = match settings.public_url {
        Some(url) => url,
        None => PublicUrl::parse(&format!("http://{address}"))?,
    };
    let app = Core::new(
        store,
        Clock::System,
        public_url,
        settings.trusted_proxies,
        settings.tokens,
        settings.oauth,
        settings.reads_without_writes,
    );
    jobs::start(&app).await.map_err(|error| anyhow::anyhow!("{unusable}: {error}"))?;
    app.tasks.supervise("hangup", app.stopping.clone(), {
        let app = app.clone();
        move || write_at_hangup(app.clone())
    });
    if telemetry.meter().is_some() {
        http::metrics::send(&App(app.clone()));
    }
    if let (Some(listener), Some(handle)) = (metrics_listener, handle) {
        http::metrics::start(&App(app.clone()), listener, &handle)?;
    }
    let router = http::router(&app, http::Offer { listen: address, mcp: settings.mcp });
    // The signals are handled before the server says that it listens, because a program that waits for that line may
    // stop the server at once.
    let told = told_to_stop();
    let code = accounts::new_first_run_code(&app).await.map_err(|error| match error {
        // The sentence of a request would ask the reader to try again.
        Error::Unavailable(cause) => anyhow::anyhow!("{unusable}: {cause}"),
        error => readable(error),
    })?;
    tracing::info!(%address, public_url = app.public_url.as_str(), "Uptrakit is listening");
    let link = code.map(|Secret(code)| format!("{}/setup?code={code}", app.public_url.as_str()));
    service_manager::tell_ready(&format!("Listens on {address} for {}", app.public_url.as_str()));
    // The output is written beside the serving, so that a stalled reader delays no request.
    drop(tokio::task::spawn_blocking(move || announce(address, link.as_deref())));
    let stop = {
        let app = app.clone();
        async move {
            told.await;
            service_manager::tell_stopping();
            app.stopping.cancel();
        }
    };
    let watchdog = service_manager::feed_watchdog(router.clone());
    tokio::select! {
        () = http::serve::serve(listener, router, http::serve::HEAD_TIMEOUT, stop) => {}
        never = watchdog => match never {},
    }
    if telemetry.meter().is_some() {
        http::metrics::read_parts(&App(app.clone()));
    }
    let closed = app.close().await;
    telemetry.stop().await;
    closed.context("Last uses could not be written")?;
    tracing::info!("Uptrakit has stopped");
    Ok(())
}

/// The server goes on when standard output can't be written.
fn announce(address: SocketAddr, link: Option<&str>) {
    let mut lines = format!("Uptrakit is listening on http://{address}\n");
    if let Some(link) = link {
        lines = format!("{lines}Create the first account: {link}\n");
    }
    let mut output = io::stdout();
    let Err(error) = output.write_all(lines.as_bytes()).and_then(|()| output.flush()) else { return };
    tracing::warn!(%error, "standard output can't be written");
    if link.is_some() {
        // The link is not logged, because a reader of the log could create the first administrator with it.
        tracing::warn!(
            "the link to create the first account is lost; start the server again with an output that can be written, \
             or run: uptrakit-server user add"
        );
    }
}

async fn write_at_hangup(app: Arc<Core>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match app.write_notes().await {
            Ok(()) => tracing::info!("SIGHUP: last uses and refused tokens are written"),
            Err(error) => {
                tracing::warn!(%error, "SIGHUP: last uses can't be written now; they are kept");
            }
        }
    }
}

fn cannot_listen(address: SocketAddr, setting: &str, error: &io::Error) -> anyhow::Error {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there; stop it, or choose another port".into(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".into(),
        io::ErrorKind::PermissionDenied => "ports below 1024 need CAP_NET_BIND_SERVICE; choose another port".into(),
        _ => error.to_string(),
    };
    anyhow::anyhow!("The server can't listen on {address} (the setting {setting}): {why}.")
}

/// Listens for the signals that stop the server from this call on; the future resolves when one arrives.
fn told_to_stop() -> impl Future<Output = ()> {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                let signal = tokio::select! { _ = terminate.recv() => "SIGTERM", _ = interrupt.recv() => "SIGINT" };
                tracing::info!(signal, "Uptrakit is stopping");
            }
            // Without signals the process can only be killed, which loses nothing that was acknowledged.
            _ => std::future::pending().await,
        }
    }
}
