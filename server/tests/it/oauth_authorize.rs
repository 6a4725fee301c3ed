//! OAUTH.md, sections 2 and 3: what the authorization endpoint accepts, what it sends back, and what it tells on a page.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::support::{
    Client, Reply, TestServer,
    oauth::{CHALLENGE, COMMAND_LINE, REDIRECT, approve, exchange, parameter, register, rpc, text},
    on_both,
};

const ISS: &str = "iss=https%3A%2F%2Fup.example.org";

/// Builds the path of a good request, with some of its parameters replaced or, by an empty value, left out.
fn path(client_id: &str, changes: &[(&str, &str)]) -> String {
    let good = [
        ("client_id", client_id),
        ("redirect_uri", "https%3A%2F%2Fexample.org%2Fcb"),
        ("response_type", "code"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", "hosts:read"),
        ("state", "s"),
    ];
    let kept = good.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let pairs: Vec<String> = kept.chain(changes).map(|(name, value)| format!("{name}={value}")).collect();
    format!("//oauth/authorize?{}", pairs.join("&"))
}

async fn ask(client: &Client, client_id: &str, changes: &[(&str, &str)]) -> Reply {
    client
        .send(client.request(Method::GET, &path(client_id, changes)).header("accept", "text/html"), Body::empty())
        .await
}

#[track_caller]
fn is_sent_back(reply: &Reply, error: &str, state: &str) {
    assert_eq!(reply.status, 303, "{}", reply.text);
    let location = reply.header("location");
    assert!(location.starts_with(&format!("https://example.org/cb?error={error}&error_description=")), "{location}");
    assert!(location.ends_with(&format!("&{ISS}{state}")), "{location}");
}

/// Checks a page that says what is wrong, and that the browser goes nowhere.
#[track_caller]
fn is_page(reply: &Reply, what: &str) {
    assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{}", reply.text);
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    assert!(reply.text.contains(what), "{}", reply.text);
    assert!(reply.text.contains("remove and re-add the connection"), "{}", reply.text);
    assert!(reply.text.contains(reply.header("x-request-id")), "{}", reply.text);
    assert!(!reply.text.contains("<script") && !reply.text.contains(" style="), "{}", reply.text);
    let policy = reply.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("script"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(reply.header("cache-control"), "no-store");
}

/// Follows a request to the consent page, has a person allow it, and returns the address of the answer.
async fn allowed(person: &Client, reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text);
    let location = reply.header("location");
    let request = location.strip_prefix("/oauth/consent?request=").unwrap_or_else(|| panic!("{location}")).to_owned();
    rpc(person, "open_consent", json!({ "request": request })).await.ok(200);
    let approval = json!({ "permissions": ["hosts:read"] });
    let answer = rpc(person, "approve_consent", json!({ "request": request, "approval": approval })).await.ok(200);
    answer.as_str().unwrap().to_owned()
}

async fn a_good_request_goes_on_to_consent_and_ends_with_tokens(server: TestServer) {
    let (root, anonymous) = (server.with_root().await, server.anonymous());
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    let reply = ask(&anonymous, &client_id, &[("scope", "hosts:read+offline_access")]).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let answer = allowed(&root, &reply).await;
    let code = parameter(&answer, "code").unwrap();
    let tokens = exchange(&anonymous, &client_id, &code, &[("redirect_uri", REDIRECT)]).await.ok(200);
    assert_eq!(tokens["scope"], "hosts:read", "what is unknown is left out");
}

async fn state_comes_back_byte_for_byte_and_every_answer_names_us(server: TestServer) {
    let (root, anonymous) = (server.with_root().await, server.anonymous());
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    for state in ["a+b%20c", "%7B%22a%22%3A1%7D", "ab%2B%2F%3D==", "%00", "%ff%FE", "a;b:c/d?e@f,g", "%E2%82%AC"] {
        let answer = allowed(&root, &ask(&anonymous, &client_id, &[("state", state)]).await).await;
        assert!(answer.starts_with("https://example.org/cb?code=upc_"), "{answer}");
        assert!(answer.ends_with(&format!("&{ISS}&state={state}")), "{answer}");
        let refused = ask(&anonymous, &client_id, &[("state", state), ("response_type", "token")]).await;
        is_sent_back(&refused, "unsupported_response_type", &format!("&state={state}"));
    }
    let without = ask(&anonymous, &client_id, &[("state", ""), ("response_type", "token")]).await;
    is_sent_back(&without, "unsupported_response_type", "");
}

async fn denial_is_told_with_state_and_our_name(server: TestServer) {
    let (root, anonymous) = (server.with_root().await, server.anonymous());
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    let reply = ask(&anonymous, &client_id, &[("state", "a+b%20c")]).await;
    let request = reply.header("location").rsplit_once('=').unwrap().1.to_owned();
    rpc(&root, "open_consent", json!({ "request": request })).await.ok(200);
    let answer = rpc(&root, "deny_consent", json!({ "request": request })).await.ok(200);
    let answer = answer.as_str().unwrap();
    assert!(answer.starts_with("https://example.org/cb?error=access_denied&"), "{answer}");
    assert!(answer.ends_with(&format!("&{ISS}&state=a+b%20c")), "{answer}");
}

async fn what_is_wrong_is_sent_back_to_the_application(server: TestServer) {
    let anonymous = server.anonymous();
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    let other = "https%3A%2F%2Fevil.example%2Fmcp";
    for (number, (changes, error)) in [
        (&[("code_challenge_method", "plain")][..], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "tooshort")], "invalid_request"),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("resource", other)], "invalid_target"),
        (&[("resource", "https://up.example.org/api/v1")], "invalid_target"),
        (&[("resource", "https://up.example.org/mcp"), ("resource", other)], "invalid_target"),
        (&[("scope", "offline_access+profile")], "invalid_scope"),
    ]
    .into_iter()
    .enumerate()
    {
        let from = anonymous.clone().seen_from(&format!("10.1.1.{number}"));
        is_sent_back(&ask(&from, &client_id, changes).await, error, "&state=s");
    }
}

async fn every_way_to_write_the_resource_is_accepted(server: TestServer) {
    let anonymous = server.anonymous();
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    for resources in [
        &[][..],
        &[("resource", "https://up.example.org/mcp")],
        &[("resource", "https://up.example.org/mcp/")],
        &[("resource", "https://up.example.org")],
        &[("resource", "https://up.example.org/")],
        &[("resource", "HTTPS://UP.example.org/mcp")],
        &[("resource", "https://up.example.org/mcp"), ("resource", "https://up.example.org")],
    ] {
        let reply = ask(&anonymous, &client_id, resources).await;
        assert!(reply.header("location").starts_with("/oauth/consent?request="), "{resources:?}: {reply:?}");
    }
}

async fn nothing_is_sent_where_the_application_or_its_address_is_in_doubt(server: TestServer) {
    let anonymous = server.anonymous();
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    let (unknown, foreign) = ("is not known here", "an address that the application has not registered");
    let long = "x".repeat(16_000);
    for (number, (client_id, changes, what)) in [
        ("nobody", &[][..], unknown),
        ("%00", &[], unknown),
        ("%27%3B--", &[], unknown),
        ("", &[], "client_id is missing"),
        (&client_id, &[("redirect_uri", "https%3A%2F%2Fevil.example%2Fcb")], foreign),
        (&client_id, &[("redirect_uri", "https://example.org/cb/")], foreign),
        (&client_id, &[("redirect_uri", "https://example.org:8443/cb")], foreign),
        (&client_id, &[("redirect_uri", "https://EXAMPLE.org/cb")], foreign),
        (&client_id, &[("redirect_uri", "javascript:alert(1)")], foreign),
        (&client_id, &[("redirect_uri", "%3Cscript%3E")], foreign),
        (&client_id, &[("state", "a"), ("state", "a")], "a parameter twice"),
        (&client_id, &[("scope", "hosts:read"), ("sc%6Fpe", "hosts:read")], "a parameter twice"),
        (&client_id, &[("client_id", &client_id), ("client_id", &client_id)], "a parameter twice"),
        (&client_id, &[("state", &long)], "too long"),
    ]
    .into_iter()
    .enumerate()
    {
        let from = anonymous.clone().seen_from(&format!("10.1.2.{number}"));
        is_page(&ask(&from, client_id, changes).await, what);
    }
    let two =
        server.anonymous().post("//oauth/register", json!({"redirect_uris": [REDIRECT, "cursor://app/cb"]})).await;
    let two = text(&two.ok(201), "client_id");
    is_page(&ask(&anonymous, &two, &[("redirect_uri", "")]).await, "redirect_uri is missing");
    assert_eq!(ask(&anonymous, &client_id, &[("redirect_uri", "")]).await.status, 303, "there is one alone");
}

async fn on_loopback_the_port_alone_may_differ(server: TestServer) {
    let (root, anonymous) = (server.with_root().await, server.anonymous());
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        let client_id = register(&server, "Test client", &format!("http://{host}:33418/cb")).await.client_id;
        let reply = ask(&anonymous, &client_id, &[("redirect_uri", &format!("http://{host}:49152/cb"))]).await;
        let answer = allowed(&root, &reply).await;
        assert!(answer.starts_with(&format!("http://{host}:49152/cb?code=upc_")), "{answer}");
        for other in [format!("http://{host}:49152/"), format!("https://{host}:49152/cb")] {
            let reply = ask(&anonymous, &client_id, &[("redirect_uri", &other)]).await;
            is_page(&reply, "an address that the application has not registered");
        }
    }
}

async fn an_answer_goes_to_a_scheme_of_an_application_s_own(server: TestServer) {
    let (root, anonymous) = (server.with_root().await, server.anonymous());
    let client_id = register(&server, "Cursor", "cursor://anysphere.cursor-mcp/oauth/callback").await.client_id;
    let answer = allowed(&root, &ask(&anonymous, &client_id, &[("redirect_uri", "")]).await).await;
    assert!(answer.starts_with("cursor://anysphere.cursor-mcp/oauth/callback?code=upc_"), "{answer}");
}

async fn only_the_command_line_may_ask_for_the_api(server: TestServer) {
    let anonymous = server.anonymous();
    let changes = [("redirect_uri", "http://127.0.0.1:5/callback"), ("resource", "https://up.example.org/api/v1")];
    let reply = ask(&anonymous, COMMAND_LINE, &changes).await;
    assert!(reply.header("location").starts_with("/oauth/consent?request="), "{reply:?}");
}

async fn an_address_asks_30_times_a_minute(server: TestServer) {
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    let from = |address: &str| server.anonymous().seen_from(address);
    for number in 0..30 {
        let client = from(if number % 2 == 0 { "[2001:db8::1]" } else { "[2001:db8::ffff:2]" });
        assert_eq!(ask(&client, &client_id, &[]).await.status, 303);
    }
    let problem = ask(&from("[2001:db8::3]"), &client_id, &[]).await;
    problem.refused(429, "too-many-requests");
    assert!((1..=60).contains(&problem.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(ask(&from("[2001:db8:0:1::1]"), &client_id, &[]).await.status, 303);
    server.advance(60_000);
    assert_eq!(ask(&from("[2001:db8::3]"), &client_id, &[]).await.status, 303);
}

async fn a_request_is_kept_for_ten_minutes_and_answered_once(server: TestServer) {
    let (root, anonymous) = (server.with_root().await, server.anonymous());
    let client_id = register(&server, "Test client", REDIRECT).await.client_id;
    let secret = |reply: &Reply| reply.header("location").rsplit_once('=').unwrap().1.to_owned();
    let (kept, late) = (ask(&anonymous, &client_id, &[]).await, ask(&anonymous, &client_id, &[]).await);
    server.advance(599_999);
    approve(&root, &secret(&kept), &["hosts:read"]).await;
    rpc(&root, "open_consent", json!({ "request": secret(&kept) })).await.refused(409, "conflict");
    server.advance(1);
    rpc(&root, "open_consent", json!({ "request": secret(&late) })).await.refused(409, "conflict");
}

async fn other_methods_are_not_allowed(server: TestServer) {
    let client = server.anonymous();
    let reply = client.send(client.request(Method::POST, "//oauth/authorize"), Body::empty()).await;
    reply.refused(405, "method-not-allowed");
    assert_eq!(reply.header("allow"), "GET,HEAD");
}

on_both!(
    a_good_request_goes_on_to_consent_and_ends_with_tokens,
    state_comes_back_byte_for_byte_and_every_answer_names_us,
    denial_is_told_with_state_and_our_name,
    what_is_wrong_is_sent_back_to_the_application,
    every_way_to_write_the_resource_is_accepted,
    nothing_is_sent_where_the_application_or_its_address_is_in_doubt,
    on_loopback_the_port_alone_may_differ,
    an_answer_goes_to_a_scheme_of_an_application_s_own,
    only_the_command_line_may_ask_for_the_api,
    an_address_asks_30_times_a_minute,
    a_request_is_kept_for_ten_minutes_and_answered_once,
    other_methods_are_not_allowed,
);
