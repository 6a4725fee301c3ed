//! How the page talks to the server: its own server functions, and the JSON API with the web session's cookie.
//! All of it is one exchange of text, compiled once; only what the text means differs from call to call. An answer
//! that is no problem document becomes one, so that a view knows a single kind of error.

use crate::{clock, rpc::Revoked};
use gloo_net::http::{Method, RequestBuilder, Response};
use leptos::{server_fn::ServerFn, task::spawn_local};
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, pin::Pin};
use uptrakit_api::{
    Problem, ProblemCode, Timestamp,
    header::{CUT_OFF, REVOKED_AT},
};

/// An answer that is on its way, and how to read it. The two are apart, so that waiting is compiled once and only
/// reading for each kind of answer.
pub struct Answer<T> {
    text: Text,
    read: fn(&str) -> Result<T, Problem>,
}

type Text = Pin<Box<dyn Future<Output = Result<String, Problem>>>>;

impl<T: 'static> Answer<T> {
    #[cfg(debug_assertions)]
    pub fn made_up(text: impl Future<Output = Result<String, Problem>> + 'static) -> Self
    where
        T: DeserializeOwned,
    {
        Self { text: Box::pin(text), read: parse }
    }

    pub fn then(self, done: impl FnOnce(Result<T, Problem>) + 'static) {
        let Self { text, read } = self;
        wait(text, Box::new(move |answer| done(answer.and_then(|text| read(&text)))));
    }
}

fn wait(text: Text, done: Box<dyn FnOnce(Result<String, Problem>)>) {
    spawn_local(async move { done(text.await) });
}

pub fn call<F>(function: &F) -> Answer<F::Output>
where
    F: ServerFn + Serialize,
    F::Output: DeserializeOwned + 'static,
{
    submit(Method::POST, F::PATH, function)
}

pub fn call_reading<F, T>(function: &F, read: fn(&str) -> Result<T, Problem>) -> Answer<T>
where
    F: ServerFn + Serialize,
{
    Answer { text: exchange(Method::POST, F::PATH.to_owned(), json(function)), read }
}

pub fn get<T: DeserializeOwned + 'static>(path: &str) -> Answer<T> {
    Answer { text: exchange(Method::GET, path.to_owned(), None), read: parse }
}

pub fn submit<T: DeserializeOwned + 'static>(method: Method, path: &str, body: &impl Serialize) -> Answer<T> {
    Answer { text: exchange(method, path.to_owned(), json(body)), read: parse }
}

pub fn delete(path: &str) -> Answer<()> {
    Answer { text: exchange(Method::DELETE, path.to_owned(), None), read: |_| Ok(()) }
}

/// Revokes the token that is the resource; what that did stands in the answer's headers.
pub fn revoke(path: &str) -> Answer<Revoked> {
    let answer = send(Method::DELETE, path.to_owned(), None);
    let text = Box::pin(async move {
        let headers = answer.await?.headers();
        let header = |name| headers.get(name).unwrap_or_default();
        Ok([&header(REVOKED_AT), " ", &header(CUT_OFF)].concat())
    });
    let read = |text: &str| {
        let (at, cut_off) = text.split_once(' ').unwrap_or_default();
        let at = Timestamp::parse(at).ok();
        at.zip(cut_off.parse().ok()).map(|(at, cut_off)| Revoked { at, cut_off }).ok_or_else(unreadable)
    };
    Answer { text, read }
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

pub fn json(body: &impl Serialize) -> Option<String> {
    let value = body.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).ok()?;
    js_sys::JSON::stringify(&value).ok()?.as_string()
}

/// Reads JSON, by the browser's own parser: one that is compiled in reads every struct in two ways, and is downloaded.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let value = js_sys::JSON::parse(text).map_err(|_| unreadable())?;
    serde_wasm_bindgen::from_value(value).map_err(|_| unreadable())
}

fn exchange(method: Method, path: String, body: Option<String>) -> Text {
    let answer = send(method, path, body);
    Box::pin(async move { answer.await?.text().await.map_err(|_| unreachable()) })
}

fn send(
    method: Method,
    path: String,
    body: Option<String>,
) -> Pin<Box<dyn Future<Output = Result<Response, Problem>>>> {
    Box::pin(async move {
        let request = RequestBuilder::new(&path).method(method).header("Accept", "application/json");
        let request = match body {
            Some(body) => request.header("Content-Type", "application/json").body(body),
            None => request.build(),
        };
        let sent = clock::own();
        let response = request.map_err(|_| unreadable())?.send().await.map_err(|_| unreachable())?;
        if let Some(date) = response.headers().get("Date") {
            clock::compare(&date, sent);
        }
        if response.ok() {
            return Ok(response);
        }
        let text = response.text().await.map_err(|_| unreachable())?;
        Err(parse(&text).unwrap_or_else(|problem| problem))
    })
}

fn unreachable() -> Problem {
    Problem::new(ProblemCode::Unavailable, "The server can't be reached. Check the connection and try again.")
}

fn unreadable() -> Problem {
    Problem::new(ProblemCode::Unavailable, "The server's answer can't be read. Reload the page and try again.")
}
