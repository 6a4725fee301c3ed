//! Calls of the JSON API with the web session's cookie, for the pages that read what programs read too.
//! Answers that are no problem document become one, so that a view knows a single kind of error.

use gloo_net::http::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use uptrakit_api::{Code, Problem};

/// Reads a resource.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    decode(send::<()>(Method::GET, path, None).await?).await
}

/// Sends a body and reads the answer.
pub async fn submit<T: DeserializeOwned>(method: Method, path: &str, body: &impl Serialize) -> Result<T, Problem> {
    decode(send(method, path, Some(body)).await?).await
}

/// Deletes a resource.
pub async fn delete(path: &str) -> Result<(), Problem> {
    send::<()>(Method::DELETE, path, None).await.map(|_| ())
}

/// A path with the parameters that are not empty.
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut separator = '?';
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(separator);
        out.push_str(name);
        out.push('=');
        out.push_str(&String::from(js_sys::encode_uri_component(value)));
        separator = '&';
    }
    out
}

async fn send<B: Serialize>(method: Method, path: &str, body: Option<&B>) -> Result<Response, Problem> {
    let request = RequestBuilder::new(path).method(method);
    let request = match body {
        Some(body) => request.json(body),
        None => request.build(),
    };
    let response = request.map_err(|_| unreadable())?.send().await.map_err(|_| unreachable())?;
    if response.ok() {
        return Ok(response);
    }
    Err(response.json::<Problem>().await.unwrap_or_else(|_| unreadable()))
}

async fn decode<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    response.json().await.map_err(|_| unreadable())
}

fn unreachable() -> Problem {
    Problem::new(Code::Unavailable, "The server can't be reached. Check the connection and try again.")
}

fn unreadable() -> Problem {
    Problem::new(Code::Unavailable, "The server's answer can't be read. Reload the page and try again.")
}
