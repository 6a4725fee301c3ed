//! Talks with the service manager, such as systemd: takes over its socket, says when the server listens and when it
//! stops, and feeds its watchdog. Without a service manager these functions do nothing.

use std::{convert::Infallible, net::TcpListener, time::Duration};

use anyhow::{Context as _, bail};
use axum::{Router, body::Body};
use http::{Request, Response, StatusCode};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tower::ServiceExt as _;

/// Returns the socket on which the service manager listens for the server (socket activation). This must be called
/// before the process has a second thread, because it removes variables from the environment.
pub fn inherited_listener() -> anyhow::Result<Option<TcpListener>> {
    let mut sockets = ListenFd::from_env();
    let count = sockets.len();
    if count > 1 {
        bail!(
            "The service manager passes {count} sockets (LISTEN_FDS), and the server takes one: leave one ListenStream=."
        );
    }
    let listener = sockets.take_tcp_listener(0).ok().flatten();
    if count == 1 && listener.is_none() {
        bail!("The socket of the service manager is no TCP socket: use ListenStream= with an address and a port.");
    }
    let Some(listener) = listener else { return Ok(None) };
    listener.set_nonblocking(true).context("The socket of the service manager can't be used")?;
    Ok(Some(listener))
}

pub fn tell_ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

pub fn tell_stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager can't be told of the server's state (NOTIFY_SOCKET)");
    }
}

pub async fn feed_watchdog(router: Router) -> Infallible {
    let Some(limit) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    feed(router, limit / 2, || tell(&[NotifyState::Watchdog])).await
}

/// Calls `ping` at each interval in which the server has proved that it works: the main task was polled, a worker
/// thread ran a new task, and the router answered. The database is left out, because a restart would not bring it back.
async fn feed(router: Router, every: Duration, ping: impl Fn() + Copy + Send + 'static) -> Infallible {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let request = Request::get("/healthz").body(Body::empty()).expect("a constant request is well-formed");
        let answer = tokio::spawn(router.clone().oneshot(request)).await;
        match answer.map(|answer| answer.map(|response: Response<_>| response.status())) {
            // The call may wait for the service manager.
            Ok(Ok(StatusCode::OK)) => drop(tokio::task::spawn_blocking(ping).await),
            _ => tracing::error!("/healthz is not answered with 200: the service manager's watchdog is not fed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use axum::{Router, routing::get};
    use http::StatusCode;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn a_server_that_does_not_answer_feeds_no_watchdog() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        static FED: AtomicUsize = AtomicUsize::new(0);
        let (sender, mut fed) = mpsc::unbounded_channel();
        let router = Router::new().route(
            "/healthz",
            get(async move || {
                let number = ASKED.fetch_add(1, Ordering::Relaxed) + 1;
                if number == 5 {
                    let _ = sender.send(FED.load(Ordering::Relaxed));
                }
                if number == 3 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
            }),
        );
        let feeding = super::feed(router, Duration::from_millis(1), || {
            FED.fetch_add(1, Ordering::Relaxed);
        });
        let fed = tokio::select! { never = feeding => match never {}, fed = fed.recv() => fed };
        assert_eq!(fed, Some(3), "of four answers three are good");
    }
}
