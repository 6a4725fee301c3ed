//! Extracts bodies, queries and ids, with an answer for each way in which they can be wrong. Messages name the field
//! and never repeat what was sent, because it may be a secret. `axum::Json` can't take the place of [`Json`]: it
//! answers malformed JSON with a wrong type before it as the latter, takes an array for an object, and has no time limit.

use std::{error::Error as _, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::QueryRejection},
};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use uptrakit_api::FieldError;
use uptrakit_core::{
    error::Error,
    text::{self, holds_token},
};

use crate::http::problem::ErrorResponse;

const LARGEST: usize = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// At most this many characters of a field's name are repeated.
const LONGEST_FIELD: usize = 64;

#[derive(Debug)]
pub struct Json<T>(pub T);

/// Extracts a JSON object; an empty body counts as the default value.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

#[derive(Debug)]
pub struct Query<T>(pub T);

/// Extracts the id in the path. A malformed id is answered as one that does not exist.
#[derive(Debug)]
pub struct Id<T>(pub T);

#[derive(Debug)]
pub struct Ids<A, B>(pub A, pub B);

pub async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ErrorResponse> {
    read_within(PATIENCE, headers, body).await
}

async fn read_within(patience: Duration, headers: &HeaderMap, body: Body) -> Result<Bytes, ErrorResponse> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > LARGEST as u64) {
        return Err(Error::TooLarge.into());
    }
    let is_plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        return Err(Error::EncodedBody.into());
    }
    match tokio::time::timeout(patience, Limited::new(body, LARGEST).collect()).await {
        Err(_) => Err(Error::TooSlow.into()),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Error::TooLarge.into()),
        Ok(Err(_)) => Err(Error::Malformed("The body broke off.").into()),
    }
}

pub fn require_json(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Error::UnsupportedMediaType.into()) }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ErrorResponse> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        Ok(Self(parse(&read(&parts.headers, body).await?)?))
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ErrorResponse> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        require_json(&parts.headers)?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<T: DeserializeOwned> Json<T> {
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, ErrorResponse> {
        Ok(Self(parse(bytes)?))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|_| Error::Malformed("The body is no well-formed JSON."))?;
    if !value.is_object() {
        return Err(Error::field("body", "must be a JSON object"));
    }
    // The text is read here, not the value, because a value no longer shows that a field was there twice.
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(bytes)).map_err(|error| {
        let path = error.path().to_string();
        field_error(&path, &error.inner().to_string())
    })
}

/// Names the field that serde complained about. From serde's text it takes only the kind of complaint, the name of a
/// field, and what was expected, which stands at the end and does not come from the client.
pub fn field_error(path: &str, complaint: &str) -> Error {
    let quoted = complaint.split('`').nth(1).unwrap_or_default();
    let within = |name: &str| if path == "." || path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let (field, message) = if complaint.starts_with("unknown field") {
        // serde_path_to_error's path ends with the unknown field already.
        (if path.ends_with(quoted) { path.to_owned() } else { within(quoted) }, "is not known here".to_owned())
    } else if complaint.starts_with("missing field") {
        (within(quoted), "is required".to_owned())
    } else if complaint.starts_with("duplicate field") {
        (within(quoted), "is there twice".to_owned())
    } else {
        (if path == "." { "body".to_owned() } else { path.to_owned() }, expectation(complaint))
    };
    // The names of unknown fields come from the client.
    let field = if holds_token(&field) { "…".to_owned() } else { text::readable(&field, LONGEST_FIELD) };
    Error::Invalid(vec![FieldError { field, message }])
}

/// Says what serde expected in place of a value, as the end of a sentence.
fn expectation(complaint: &str) -> String {
    let expected = complaint.rsplit_once(", expected ").map(|(_, expected)| expected).unwrap_or_default();
    match expected {
        names if complaint.starts_with("unknown variant") && !names.is_empty() => {
            format!("must be {}", names.replace('`', ""))
        }
        "u8" | "u16" | "u32" | "u64" => "must be a whole number, 0 or more".to_owned(),
        "i32" | "i64" => "must be a whole number".to_owned(),
        "a string" => "must be text".to_owned(),
        "a boolean" => "must be true or false".to_owned(),
        "a sequence" => "must be a list".to_owned(),
        _ => "has the wrong type or an impossible value".to_owned(),
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ErrorResponse> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(query_error(&rejection).into()),
        }
    }
}

fn query_error(rejection: &QueryRejection) -> Error {
    type Complaint = serde_path_to_error::Error<serde::de::value::Error>;
    let mut source = rejection.source();
    while let Some(error) = source.filter(|error| !error.is::<Complaint>()) {
        source = error.source();
    }
    let complaint = source.and_then(<dyn std::error::Error>::downcast_ref::<Complaint>);
    field_error(".", &complaint.map(|complaint| complaint.inner().to_string()).unwrap_or_default())
}

impl<T: std::str::FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        text.parse().map(Self).map_err(|_| Error::NotFound.into())
    }
}

impl<A: std::str::FromStr + Send, B: std::str::FromStr + Send, S: Send + Sync> FromRequestParts<S> for Ids<A, B> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((first, second)) = path.map_err(|_| Error::NotFound)?;
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            _ => Err(Error::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};
    use http::HeaderMap;

    use uptrakit_core::error::Error;

    use crate::http::problem::ErrorResponse;

    #[tokio::test]
    async fn a_body_that_drips_is_given_up_however_often_a_byte_comes() {
        let drip = stream::repeat(()).then(async |()| {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b" "))
        });
        let headers = HeaderMap::new();
        let reading = super::read_within(Duration::from_millis(50), &headers, Body::from_stream(drip));
        let outcome = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("it is given up");
        assert!(matches!(outcome, Err(ErrorResponse(Error::TooSlow))));
    }
}
