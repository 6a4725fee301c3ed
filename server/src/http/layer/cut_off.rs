//! Stops what is under way when its credential dies: a request whose answer has not begun gets the refusal instead,
//! whatever its handler is waiting for, and a stream ends.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::{Frame, SizeHint};

use crate::{
    auth::{
        caller::Visit,
        credential::Credential,
        in_flight::InFlight,
        verifier::{Denied, Entry},
    },
    error::Error,
    state::App,
};

/// Marks a response that goes on until somebody ends it.
#[derive(Clone, Copy, Debug)]
pub struct Streaming;

type Lost = Pin<Box<dyn Future<Output = Denied> + Send>>;

/// Runs the rest of the request for as long as its credential lives.
pub async fn cut_off(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(Visit { in_flight, address, .. }) = request.extensions().get::<Visit>().cloned() else {
        return Error::Internal("the visit layer is missing".into()).into_response();
    };
    let mut lost = None;
    let mut response = match run(&in_flight, &mut lost, next.run(request)).await {
        Ok(response) => response,
        Err(denied) => return Error::from(denied).into_response(),
    };
    let Some((entry, need)) = in_flight.authorised() else { return response };
    if !entry.account.is_current() && !in_flight.is_exempt() {
        // Changed at the very end: asks once more, for the answer has not begun.
        if let Err(denied) = app.verifier.authorise(entry.key, need, address).await {
            return Error::from(denied).into_response();
        }
    }
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        app.usage.note(&entry, address, app.clock.now());
    }
    add_expiry(&entry, &mut response);
    if response.extensions_mut().remove::<Streaming>().is_some() {
        let lost = lost.or_else(|| in_flight.take().map(|lease| Box::pin(lease.lost()) as Lost));
        if let Some(lost) = lost {
            return response.map(|body| Body::new(CutBody { body, lost: Some(lost) }));
        }
    }
    response
}

/// Polls the handler first: one that is done at once, as most are, never starts to watch its credential.
async fn run(
    in_flight: &InFlight,
    lost: &mut Option<Lost>,
    handler: impl Future<Output = Response>,
) -> Result<Response, Denied> {
    let mut handler = pin!(handler);
    poll_fn(move |context| {
        if let Poll::Ready(response) = handler.as_mut().poll(context) {
            return Poll::Ready(Ok(response));
        }
        if lost.is_none() {
            *lost = in_flight.take().map(|lease| Box::pin(lease.lost()) as Lost);
        }
        match lost {
            Some(watching) if !in_flight.is_exempt() => watching.as_mut().poll(context).map(Err),
            _ => Poll::Pending,
        }
    })
    .await
}

/// Tells under an expiring token when it ends.
fn add_expiry(entry: &Entry, response: &mut Response) {
    if let Credential::Token(token) = &entry.credential
        && let Some(end) = token.ends_at.into_iter().chain(token.expires_at).min()
        && let Ok(value) = HeaderValue::try_from(end.to_string())
    {
        response.headers_mut().insert(HeaderName::from_static("uptrakit-token-expires"), value);
    }
}

/// A body that ends when the credential dies.
struct CutBody {
    body: Body,
    lost: Option<Lost>,
}

impl http_body::Body for CutBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.lost.as_mut().is_some_and(|lost| lost.as_mut().poll(context).is_pending()) {
            return Pin::new(&mut self.body).poll_frame(context);
        }
        self.lost = None;
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
