//! Answers with data, and which of them are compressed. The size of a compressed answer tells something about its
//! content: somebody who can add text of their own to an answer, and see its size, finds out a secret that stands
//! beside that text (BREACH). So no answer with a secret is compressed, whoever's text is in it. That is a property of
//! its type: [`Data`] takes only types without a secret.

use std::future::ready;

use axum::{
    Json,
    body::{Body, HttpBody as _},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Request, header};
use serde::Serialize;
use tower::ServiceExt as _;
use tower_http::compression::{Compression, predicate::SizeAbove};
use uptrakit_api::{Application, AuditEvent, ConnectedApplication, Host, Me, Page, Session, Token, User};
use uptrakit_app::rpc::Activity;
use utoipa::openapi::OpenApi;

/// An answer up to this size is not compressed.
const SMALL: u64 = 1_000;

/// Marks a type that contains no secret: no API token, invitation link, code or password. The hint of a token is none.
pub trait WithoutSecret {}

impl WithoutSecret for Activity {}
impl WithoutSecret for Application {}
impl WithoutSecret for AuditEvent {}
impl WithoutSecret for ConnectedApplication {}
impl WithoutSecret for Host {}
impl WithoutSecret for Me {}
impl WithoutSecret for OpenApi {}
impl WithoutSecret for Session {}
impl WithoutSecret for Token {}
impl WithoutSecret for User {}
impl<T: WithoutSecret> WithoutSecret for Page<T> {}
impl<T: WithoutSecret> WithoutSecret for Vec<T> {}
impl<T: WithoutSecret> WithoutSecret for &T {}

/// A JSON answer that is compressed when it is large. What contains a secret is answered with [`axum::Json`].
#[derive(Debug)]
pub struct Data<T>(pub T);

impl<T: Serialize + WithoutSecret> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        compressible(Json(self.0).into_response())
    }
}

#[derive(Clone, Copy)]
struct Compressible;

/// Allows an answer without a secret to be compressed, if it is large.
pub fn compressible(mut response: Response) -> Response {
    if response.body().size_hint().exact().is_none_or(|size| size > SMALL) {
        response.extensions_mut().insert(Compressible);
    }
    response
}

pub type Accepted = Vec<HeaderValue>;

/// Compresses an answer that was allowed to be. It is a function that the one layer calls, not a layer of its own, so
/// that the other answers pass no further body and no further future.
pub async fn compress(mut response: Response, accepted: Accepted) -> Response {
    if response.extensions_mut().remove::<Compressible>().is_none() {
        return response;
    }
    let mut request = Request::new(Body::empty());
    for value in accepted {
        request.headers_mut().append(header::ACCEPT_ENCODING, value);
    }
    let mut response = Some(response);
    let answer = tower::service_fn(move |_: Request<Body>| ready(response.take().ok_or(())));
    let compressed = Compression::new(answer).compress_when(SizeAbove::new(0)).oneshot(request).await;
    compressed.expect("the service is called once").map(Body::new)
}
