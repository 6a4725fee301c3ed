//! How the page talks to the server: its own server functions, and the JSON API with the web session's cookie.
//! All of it is one exchange of text, compiled once; only what the text means differs from call to call. An answer
//! that is no problem document becomes one, so that a view knows a single kind of error.

use crate::rpc::Revoked;
use gloo_net::http::{Method, RequestBuilder, Response};
use leptos::server_fn::ServerFn;
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, pin::Pin};
use uptrakit_api::{Code, Problem, Timestamp};

/// An answer that is on its way.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// Calls a server function.
pub fn call<F>(function: &F) -> Pending<F::Output>
where
    F: ServerFn + Serialize,
    F::Output: DeserializeOwned + 'static,
{
    submit(Method::POST, F::PATH, function)
}

/// Reads a resource.
pub fn get<T: DeserializeOwned + 'static>(path: &str) -> Pending<T> {
    decoded(exchange(Method::GET, path.to_owned(), None))
}

/// Sends a body and reads the answer.
pub fn submit<T: DeserializeOwned + 'static>(method: Method, path: &str, body: &impl Serialize) -> Pending<T> {
    decoded(exchange(method, path.to_owned(), serde_json::to_string(body).ok()))
}

/// Deletes a resource.
pub fn delete(path: &str) -> Pending<()> {
    let answer = send(Method::DELETE, path.to_owned(), None);
    Box::pin(async move { answer.await.map(|_| ()) })
}

/// Revokes the token that is the resource; what that did stands in the answer's headers.
pub fn revoke(path: &str) -> Pending<Revoked> {
    let answer = send(Method::DELETE, path.to_owned(), None);
    Box::pin(async move {
        let headers = answer.await?.headers();
        let at = headers.get("Uptrakit-Revoked-At").and_then(|at| Timestamp::parse(&at).ok());
        let cut_off = headers.get("Uptrakit-Cut-Off").and_then(|count| count.parse().ok());
        at.zip(cut_off).map(|(at, cut_off)| Revoked { at, cut_off }).ok_or_else(unreadable)
    })
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

fn decoded<T: DeserializeOwned + 'static>(answer: Pending<String>) -> Pending<T> {
    Box::pin(async move { parse(&answer.await?) })
}

/// Kept out of its callers, so that it is there once for each kind of answer and not once for each call.
#[inline(never)]
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|_| unreadable())
}

/// The text of a successful answer.
fn exchange(method: Method, path: String, body: Option<String>) -> Pending<String> {
    let answer = send(method, path, body);
    Box::pin(async move { answer.await?.text().await.map_err(|_| unreachable()) })
}

/// A successful answer.
fn send(method: Method, path: String, body: Option<String>) -> Pending<Response> {
    Box::pin(async move {
        let request = RequestBuilder::new(&path).method(method).header("Accept", "application/json");
        let request = match body {
            Some(body) => request.header("Content-Type", "application/json").body(body),
            None => request.build(),
        };
        let response = request.map_err(|_| unreadable())?.send().await.map_err(|_| unreachable())?;
        if response.ok() {
            return Ok(response);
        }
        let text = response.text().await.map_err(|_| unreachable())?;
        Err(parse(&text).unwrap_or_else(|problem| problem))
    })
}

fn unreachable() -> Problem {
    Problem::new(Code::Unavailable, "The server can't be reached. Check the connection and try again.")
}

fn unreadable() -> Problem {
    Problem::new(Code::Unavailable, "The server's answer can't be read. Reload the page and try again.")
}
