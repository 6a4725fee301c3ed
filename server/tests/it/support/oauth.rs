//! An application of OAuth as tests play it: it registers, asks, has a person answer, and uses its tokens at a stand-in
//! for `/mcp`.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::State,
    middleware,
    response::sse::{Event, Sse},
    routing::get,
};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use uptrakit_core::{
    auth::{
        authorized::{Authorized, HostsRead, Presented},
        context::{RequestContext, RequestId},
        resource::Resource,
    },
    domain::oauth::{
        applications::{self, Application},
        authorize::{Outcome, Parameters},
        registration::ClientMetadata,
        requests,
    },
    error::Error,
};
use uptrakit_server::{
    App,
    http::layer::{cut_off::Streaming, request_context::request_context},
};

use super::{Client, Reply, TestServer};

/// The example of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const REDIRECT: &str = "https://example.org/cb";
pub const COMMAND_LINE: &str = "uptrakit-cli";
pub const API: &str = "https://up.example.org/api/v1";

pub fn context(server: &TestServer, address: &str) -> RequestContext {
    RequestContext {
        address: address.parse().unwrap(),
        request_id: RequestId::Made { process: 0, count: 0 },
        trace_id: None,
        arrived: server.app.clock.now(),
        in_flight: Arc::default(),
    }
}

/// Registers an application with one redirect URI, and returns its `client_id`.
pub async fn register(server: &TestServer, name: &str, redirect_uri: &str) -> Application {
    let metadata = ClientMetadata {
        client_name: Some(name.to_owned()),
        redirect_uris: Some(vec![redirect_uri.to_owned()]),
        ..ClientMetadata::default()
    };
    applications::register(&server.app, &context(server, "127.0.0.1"), &metadata.check().unwrap()).await.unwrap()
}

/// Begins a request as the authorization endpoint does, and returns the secret of the consent page's address.
pub async fn begin(server: &TestServer, client_id: &str, changes: &[(&str, &str)]) -> String {
    let application = applications::find(&server.app, client_id).await.unwrap().expect("the application is registered");
    let redirect_uri = application.redirect_uris[0].as_str().to_owned();
    let good = [
        ("client_id", client_id),
        ("redirect_uri", &redirect_uri),
        ("response_type", "code"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "a+b%2Fc"),
    ];
    let kept = good.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let pairs: Vec<String> = kept.chain(changes).map(|(name, value)| format!("{name}={value}")).collect();
    let query = pairs.join("&");
    let checked = Parameters::parse(&query).unwrap().check(Some(&application.applicant()), &server.app.public_url);
    let Outcome::Accepted(accepted) = checked else { panic!("not accepted: {checked:?}") };
    requests::begin(&server.app, &application, &accepted).await.unwrap().0
}

pub async fn rpc(client: &Client, name: &str, body: Value) -> Reply {
    let request = client.request(Method::POST, &format!("/rpc/{name}")).header("content-type", "application/json");
    client.send(request, body.to_string()).await
}

pub fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes()).find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// Has a person open and approve a request, and returns the code.
pub async fn approve(person: &Client, request: &str, permissions: &[&str]) -> String {
    rpc(person, "open_consent", json!({ "request": request })).await.ok(200);
    let approval = json!({ "permissions": permissions });
    let answer = rpc(person, "approve_consent", json!({ "request": request, "approval": approval })).await.ok(200);
    parameter(answer.as_str().unwrap(), "code").unwrap()
}

pub async fn post_form(client: &Client, path: &str, parameters: &[(&str, &str)]) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let request = client
        .request(Method::POST, &format!("/{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    client.send(request, body).await
}

pub async fn exchange(client: &Client, client_id: &str, code: &str, changes: &[(&str, &str)]) -> Reply {
    let good =
        [("grant_type", "authorization_code"), ("client_id", client_id), ("code", code), ("code_verifier", VERIFIER)];
    let kept = good.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let parameters: Vec<(&str, &str)> = kept.chain(changes).copied().collect();
    post_form(client, "/oauth/token", &parameters).await
}

pub async fn refresh(client: &Client, client_id: &str, token: &str, more: &[(&str, &str)]) -> Reply {
    let good = [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", token)];
    let parameters: Vec<(&str, &str)> = good.iter().chain(more).copied().collect();
    post_form(client, "/oauth/token", &parameters).await
}

/// An application that is connected to an account.
pub struct Connected {
    pub client_id: String,
    pub access: String,
    pub refresh: String,
}

pub fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// Changes the last character of a secret.
pub fn mistyped(secret: &str) -> String {
    let (start, last) = secret.split_at(secret.len() - 1);
    format!("{start}{}", if last == "0" { '1' } else { '0' })
}

/// Connects a new application to the person's account.
pub async fn connect(server: &TestServer, person: &Client, permissions: &[&str]) -> Connected {
    let application = register(server, "Test client", REDIRECT).await;
    connect_again(server, person, &application.client_id, permissions).await
}

pub async fn connect_again(server: &TestServer, person: &Client, client_id: &str, permissions: &[&str]) -> Connected {
    let asked = permissions.join("+");
    let request = begin(server, client_id, &[("scope", &asked)]).await;
    let code = approve(person, &request, permissions).await;
    let answer = exchange(&server.anonymous(), client_id, &code, &[]).await.ok(200);
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    Connected { client_id: client_id.to_owned(), access, refresh }
}

/// Checks an error of an endpoint that programs call.
#[track_caller]
pub fn oauth_error(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply.json()["error"], code, "{}", reply.text);
    assert!(reply.json()["error_description"].as_str().is_some_and(|text| text.ends_with('.')), "{}", reply.text);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
}

async fn of_mcp(app: &App, headers: &HeaderMap, context: RequestContext) -> Result<Authorized<HostsRead>, Error> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secret = value.strip_prefix("Bearer ").unwrap_or_default();
    Ok(Authorized::new(&app.auth, Presented::Bearer(secret, Resource::Mcp), context, || None).await?)
}

/// Returns a stand-in for `/mcp` within the layers of the server: one route that answers, and one that streams. Both
/// need `hosts:read`.
pub fn mcp(server: &TestServer) -> Router {
    async fn answer(
        State(app): State<App>,
        headers: HeaderMap,
        Extension(context): Extension<RequestContext>,
    ) -> Result<String, axum::response::Response> {
        of_mcp(&app, &headers, context)
            .await
            .map(|actor| actor.permissions().to_string())
            .map_err(|error| refuse(&error))
    }
    async fn follow(
        State(app): State<App>,
        headers: HeaderMap,
        Extension(context): Extension<RequestContext>,
    ) -> Result<axum::response::Response, axum::response::Response> {
        use axum::response::IntoResponse as _;
        of_mcp(&app, &headers, context).await.map_err(|error| refuse(&error))?;
        let first = stream::iter([Ok::<_, std::convert::Infallible>(Event::default().data("one"))]);
        let mut response = Sse::new(first.chain(stream::pending())).into_response();
        response.extensions_mut().insert(Streaming::Endless);
        Ok(response)
    }
    let app = App(Arc::clone(&server.app));
    Router::new()
        .route("/mcp", get(answer))
        .route("/mcp/stream", get(follow))
        .layer(middleware::from_fn_with_state(app.clone(), request_context))
        .with_state(app)
}

fn refuse(error: &Error) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    let problem = error.problem();
    let mut response = http::StatusCode::from_u16(problem.status).unwrap().into_response();
    response.extensions_mut().insert(problem);
    response
}

/// Uses an access token at `/mcp`.
pub async fn use_at_mcp(server: &TestServer, token: &str) -> Reply {
    server.bearer(token).through(mcp(server)).get("//mcp").await
}
