//! Stops requests whose credential becomes invalid. A request whose answer has not begun gets the rejection instead,
//! whatever its handler is waiting for, and a stream ends.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::{Frame, SizeHint};
use uptrakit_core::{
    auth::{
        context::RequestContext,
        credential::{AuthError, Credential, Need},
        in_flight::{InFlight, Lease},
        verifier::CachedCredential,
    },
    error::Error,
};

use crate::{App, http::problem::ErrorResponse};

/// Marks a response that lasts as long as its client reads, and says how it ends when the credential becomes invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streaming {
    /// The stream has no end of its own, so that it just ends.
    Endless,
    /// The stream has an end of its own. It breaks off with an error, so that no client takes the part for the whole.
    Whole,
}

/// Watches a lease. The future resolves with the reason when the lease is lost.
struct Watch {
    in_flight: Arc<InFlight>,
    state: WatchState,
}

enum WatchState {
    Good(Pin<Box<dyn Future<Output = Lease> + Send>>),
    InDoubt(Pin<Box<dyn Future<Output = Result<Lease, AuthError>> + Send>>),
}

impl Watch {
    fn of(in_flight: &Arc<InFlight>) -> Option<Self> {
        let lease = in_flight.take()?;
        Some(Self { in_flight: Arc::clone(in_flight), state: WatchState::Good(Box::pin(lease.in_doubt())) })
    }

    /// Returns true while the credential is checked again. Until that is done, no more data may be sent under it.
    const fn is_in_doubt(&self) -> bool {
        matches!(self.state, WatchState::InDoubt(_))
    }
}

impl Future for Watch {
    type Output = AuthError;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<AuthError> {
        loop {
            self.state = match &mut self.state {
                WatchState::Good(waiting) => {
                    let lease = ready!(waiting.as_mut().poll(context));
                    let need = self.in_flight.authorized().map_or(Need::Anything, |(_, need)| need);
                    WatchState::InDoubt(Box::pin(lease.renew(need)))
                }
                WatchState::InDoubt(judging) => match ready!(judging.as_mut().poll(context)) {
                    Ok(lease) => WatchState::Good(Box::pin(lease.in_doubt())),
                    Err(denied) => return Poll::Ready(denied),
                },
            };
        }
    }
}

pub async fn cut_off(app: &App, context: &RequestContext, handler: impl Future<Output = Response>) -> Response {
    let RequestContext { in_flight, address, arrived, .. } = context;
    let mut watch = None;
    let mut response = match run(in_flight, &mut watch, handler).await {
        Ok(response) => response,
        Err(denied) => return ErrorResponse(Error::from(denied)).into_response(),
    };
    let Some((entry, need)) = in_flight.authorized() else {
        if let Some(entry) = in_flight.turned_away() {
            add_expiry(app, &entry, &mut response);
        }
        return response;
    };
    if !entry.account.is_current() && !in_flight.is_exempt() {
        // The account has changed at the very end. The credential is checked once more, because the answer has not
        // begun.
        if let Err(denied) = app.verifier.authorize(entry.key, need, *address).await {
            return ErrorResponse(Error::from(denied)).into_response();
        }
    }
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        app.last_used.note(&entry, *address, *arrived);
    }
    add_expiry(app, &entry, &mut response);
    if let Some(streaming) = response.extensions_mut().remove::<Streaming>() {
        let watch = watch.or_else(|| Watch::of(in_flight));
        if watch.is_some() {
            return response.map(|body| Body::new(CutBody { body, streaming, watch }));
        }
    }
    response
}

/// Polls the handler first, so that a handler that is done at once, as most are, never watches its credential.
async fn run(
    in_flight: &Arc<InFlight>,
    watch: &mut Option<Watch>,
    handler: impl Future<Output = Response>,
) -> Result<Response, AuthError> {
    let mut handler = pin!(handler);
    poll_fn(move |context| {
        if let Poll::Ready(response) = handler.as_mut().poll(context) {
            return Poll::Ready(Ok(response));
        }
        if watch.is_none() {
            *watch = Watch::of(in_flight);
        }
        match watch {
            Some(watch) if !in_flight.is_exempt() => Pin::new(watch).poll(context).map(Err),
            _ => Poll::Pending,
        }
    })
    .await
}

fn add_expiry(app: &App, entry: &CachedCredential, response: &mut Response) {
    if !matches!(entry.credential, Credential::Session(_))
        && let Some(end) = app.verifier.ends_at(entry)
        && let Ok(value) = HeaderValue::try_from(end.to_string())
    {
        response.headers_mut().insert(HeaderName::from_static(uptrakit_api::header::TOKEN_EXPIRES), value);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the credential no longer opens this")]
struct CutOff;

struct CutBody {
    body: Body,
    streaming: Streaming,
    watch: Option<Watch>,
}

impl http_body::Body for CutBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(watch) = &mut self.watch else { return Poll::Ready(None) };
        if Pin::new(&mut *watch).poll(context).is_ready() {
            self.watch = None;
            return Poll::Ready((self.streaming == Streaming::Whole).then(|| Err(axum::Error::new(CutOff))));
        }
        if watch.is_in_doubt() {
            return Poll::Pending;
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
