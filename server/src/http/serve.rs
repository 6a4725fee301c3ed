//! Accepts connections, hands their requests to the router, and stops in order. `axum::serve` has no time limit for the
//! head of a request in axum 0.8, and can take the place of this module when it has one; decision 9 says why axum-server
//! does not.

use std::{
    convert::Infallible,
    io,
    time::{Duration, Instant},
};

use axum::{Router, extract::Request};
use http::Version;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};
use tower::Service as _;
use uptrakit_core::log_limit::{Admitted, LogLimit};

use super::{
    layer::request_context::Peer,
    linger::lingering,
    reset::{BrokeOff, Resetting},
};

/// A client must send the head of a request within this time; idle connections are closed after it too.
pub const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves connections until `stop` resolves, then lets requests in progress finish within ten seconds. `head_timeout`
/// is [`HEAD_TIMEOUT`] except in tests.
pub async fn serve(listener: TcpListener, router: Router, head_timeout: Duration, stop: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => connect(stream, Peer(peer), &router, head_timeout, &connections),
            // Most likely the process is out of file descriptors; connections that end free some.
            Err(error) => {
                static WRITTEN: LogLimit<()> = LogLimit::new();
                if let Some(Admitted { left_out }) = WRITTEN.admit((), Instant::now()) {
                    tracing::warn!(%error, left_out, "a connection can't be accepted");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(STOP_TIMEOUT, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
}

fn connect(stream: TcpStream, peer: Peer, router: &Router, head_timeout: Duration, connections: &GracefulShutdown) {
    // Answers are small and written whole, so that waiting for more data to send would only delay them.
    let _: io::Result<()> = stream.set_nodelay(true);
    let router = router.clone();
    let connection = Resetting { stream, broke_off: BrokeOff::default() };
    let broke_off = connection.broke_off.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut router, broke_off) = (router.clone(), broke_off.clone());
        let mut request = lingering(request);
        let has_length = request.version() > Version::HTTP_10;
        request.extensions_mut().insert(peer);
        async move {
            let response = router.call(request).await.unwrap_or_else(|never: Infallible| match never {});
            Ok::<_, Infallible>(if has_length { response } else { response.map(|body| broke_off.watch(body)) })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(connection), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use axum::{Router, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    const TIMEOUT: Duration = Duration::from_millis(400);

    /// The answer has no length under HTTP/1.0, and ends where the connection does.
    #[tokio::test]
    async fn an_answer_that_breaks_off_ends_with_a_reset_under_http_1_0() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let broken = async || {
            let parts = [Ok("part"), Err(std::io::Error::other("revoked"))];
            axum::body::Body::from_stream(futures_util::stream::iter(parts))
        };
        let router = Router::new().route("/broken", get(broken)).route("/whole", get(async || "whole"));
        tokio::spawn(super::serve(listener, router, TIMEOUT, std::future::pending()));
        for (path, is_whole) in [("/whole", true), ("/broken", false)] {
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let end = connection.read_to_end(&mut answer).await;
            assert_eq!(end.is_ok(), is_whole, "{path}: {end:?}");
        }
    }

    /// The server cuts off a client that sends nothing, one that sends the head byte by byte, and one that stays after
    /// its answer.
    #[tokio::test]
    async fn connections_without_a_request_are_cut_after_the_head_s_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "hello"));
        tokio::spawn(super::serve(listener, router, TIMEOUT, std::future::pending()));
        for (first, drip) in [("", ""), ("GET / HTTP/1.1\r\nx: ", "y"), ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", "")] {
            let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
            to.write_all(first.as_bytes()).await.unwrap();
            let dripping = tokio::spawn(async move {
                while to.write_all(drip.as_bytes()).await.is_ok() {
                    tokio::time::sleep(TIMEOUT / 20).await;
                }
            });
            let began = Instant::now();
            let mut answer = Vec::new();
            // A client that is cut off in the middle of what it sends may see a reset.
            let cut = tokio::time::timeout(TIMEOUT * 20, from.read_to_end(&mut answer)).await;
            assert!(cut.is_ok(), "{first:?} is kept");
            assert!(began.elapsed() >= TIMEOUT / 2, "{first:?} had no time");
            dripping.abort();
        }
    }
}
