//! Reads on for a while what the client of a refused request is still sending. A connection that is closed with unread
//! data is reset, and the client might then lose the very answer that says what was wrong (RFC 9112, section 9.6).
//! hyper closes at once, and no crate of axum's surroundings does otherwise.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::extract::Request;
use bytes::Bytes;
use http::header;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::runtime::Handle;

/// The server reads on for this long at most, and `MOST` bytes at most.
const LONGEST: Duration = Duration::from_secs(3);
const MOST: usize = 64 << 20;

struct Lingering(Option<Incoming>);

/// Returns the request with a body that lingers. A client that waits for 100 Continue (RFC 9110, section 10.1.1) is not
/// sending yet, and reading its body would ask it to send.
pub fn lingering(request: http::Request<Incoming>) -> Request {
    let waits = request.headers().contains_key(header::EXPECT);
    let is_plain = waits || request.body().is_end_stream();
    request
        .map(|body| if is_plain { axum::body::Body::new(body) } else { axum::body::Body::new(Lingering(Some(body))) })
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let rest = self.0.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(LONGEST, discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut read = 0;
    while read < MOST
        && let Some(Ok(frame)) = body.frame().await
    {
        read += frame.data_ref().map_or(0, Bytes::len);
    }
}
