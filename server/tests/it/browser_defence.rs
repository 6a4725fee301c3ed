//! Contract, sections 4 and 5: requests that other sites cause, credentials in wrong places, headers of every answer.

use axum::body::Body;
use http::{Method, header};
use serde_json::json;

use crate::support::{Client, PUBLIC_URL, TestServer, on_both};

const SECURITY_HEADERS: [&str; 6] = [
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "content-security-policy",
    "strict-transport-security",
    "cache-control",
];

async fn with_cookie_and(
    client: &Client,
    cookie: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> crate::support::Reply {
    let mut request = client.request(method, path).header(header::COOKIE, format!("__Host-uptrakit={cookie}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request, body.to_owned()).await
}

on_both!(
    a_cookie_counts_only_from_our_own_pages,
    signing_in_caused_elsewhere_is_refused,
    credentials_in_wrong_places_are_refused,
    a_flood_of_wrong_tokens_is_limited_and_good_ones_pass,
    a_new_ipv6_address_for_each_wrong_token_does_not_help,
    every_answer_has_its_security_headers
);

async fn a_cookie_counts_only_from_our_own_pages(server: TestServer) {
    server.with_root().await;
    let reply = server
        .anonymous()
        .post("/auth/sessions", json!({ "login": "root", "password": crate::support::PASSWORD }))
        .await;
    let cookie = crate::support::cookie_of(&reply).to_owned();
    let client = server.anonymous();
    let foreign: [&[(&str, &str)]; 7] = [
        &[],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://up.example.org.evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
    ];
    let json_type = ("content-type", "application/json");
    for headers in foreign {
        with_cookie_and(&client, &cookie, Method::GET, "/auth/me", headers, "").await.refused(403, "cross-origin");
        let with_type: Vec<_> = headers.iter().copied().chain([json_type]).collect();
        with_cookie_and(&client, &cookie, Method::POST, "/auth/api-tokens", &with_type, "{\"name\":\"x\"}")
            .await
            .refused(403, "cross-origin");
        let rpc = "{\"request\":{\"name\":\"x\"}}";
        with_cookie_and(&client, &cookie, Method::POST, "/rpc/create_token", &with_type, rpc)
            .await
            .refused(403, "cross-origin");
    }
    let good =
        with_cookie_and(&client, &cookie, Method::GET, "/auth/api-tokens?state=all", &[("origin", PUBLIC_URL)], "")
            .await;
    assert_eq!(good.ok(200)["total"], 0, "nothing was made");
    let own = [("sec-fetch-site", "same-origin"), ("content-type", "text/plain")];
    with_cookie_and(&client, &cookie, Method::POST, "/rpc/create_token", &own, "{}")
        .await
        .refused(415, "unsupported-media-type");
    with_cookie_and(&client, &cookie, Method::POST, "/auth/api-tokens", &own, "{}")
        .await
        .refused(415, "unsupported-media-type");
}

async fn signing_in_caused_elsewhere_is_refused(server: TestServer) {
    server.with_root().await;
    let client = server.anonymous();
    let body = json!({ "login": "root", "password": crate::support::PASSWORD }).to_string();
    let request = client
        .request(Method::POST, "/auth/sessions")
        .header("content-type", "application/json")
        .header("origin", "https://evil.example");
    client.send(request, body).await.refused(403, "cross-origin");
}

async fn credentials_in_wrong_places_are_refused(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let client = server.anonymous();
    client.get(&format!("/auth/me?access_token={text}")).await.refused(400, "invalid-request");
    server.bearer(&text).get("/auth/me?access_token=x").await.refused(400, "invalid-request");
    let twice = client
        .request(Method::GET, "/auth/me")
        .header("authorization", format!("Bearer {text}"))
        .header("authorization", format!("Bearer {text}"));
    client.send(twice, Body::empty()).await.refused(400, "invalid-request");
    let none = client.get("/auth/me").await;
    none.refused(401, "missing-credentials");
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"uptrakit\"");
    for wrong in
        ["upk_", "upk_0000000000000000000000000000003aIdS4", "upk_0000000000000000000000000000003aIdS3", "nonsense", ""]
    {
        let reply = server.bearer(wrong).get("/auth/me").await;
        reply.refused(401, "invalid-token");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"uptrakit\", error=\"invalid_token\"");
    }
    let scheme = client.request(Method::GET, "/auth/me").header("authorization", format!("bEaReR {text}"));
    client.send(scheme, Body::empty()).await.ok(200);
    // With both credentials the token decides alone, so the answer says nothing about the origin.
    let both = client
        .request(Method::GET, "/auth/me")
        .header("authorization", "Bearer upk_x")
        .header("cookie", "__Host-uptrakit=1");
    client.send(both, Body::empty()).await.refused(401, "invalid-token");
}

async fn a_flood_of_wrong_tokens_is_limited_and_good_ones_pass(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let lookups = || server.app.verifier.counters().lookups.load(std::sync::atomic::Ordering::Relaxed);
    let before = lookups();
    let mut limited = 0;
    for _ in 0..400 {
        let reply = server.bearer("upk_0000000000000000000000000000003aIdS4").get("/auth/me").await;
        if reply.status == 429 {
            limited += 1;
        } else {
            reply.refused(401, "invalid-token");
        }
    }
    assert_eq!(limited, 100);
    assert_eq!(lookups(), before, "a wrong checksum never reaches the database");
    server.bearer("upk_0000000000000000000000000000003aIdS3").get("/auth/me").await.refused(429, "too-many-requests");
    server.bearer(&text).get("/auth/me").await.ok(200);
    server.bearer(&text).get("/auth/me").await.ok(200);
}

async fn a_new_ipv6_address_for_each_wrong_token_does_not_help(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let wrong = server.bearer("upk_0000000000000000000000000000003aIdS4");
    let mut limited = 0;
    for number in 0..320 {
        let reply = wrong.clone().seen_from(&format!("[2001:db8::{number:x}]")).get("/auth/me").await;
        limited += usize::from(reply.status == 429);
    }
    assert_eq!(limited, 20);
    wrong.clone().seen_from("[2001:db8:0:1::1]").get("/auth/me").await.refused(401, "invalid-token");
    server.bearer(&text).seen_from("[2001:db8::1]").get("/auth/me").await.ok(200);
}

async fn every_answer_has_its_security_headers(server: TestServer) {
    let root = server.with_root().await;
    for path in ["/auth/me", "/nowhere", "//", "//nowhere", "//healthz", "//readyz", "/openapi.json", "//login"] {
        let reply = root.get(path).await;
        for name in SECURITY_HEADERS {
            assert!(!reply.header(name).is_empty(), "{path} has no {name}");
        }
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe-inline")
                && !policy.contains("'unsafe-eval'")
        );
        assert!(reply.headers.get("access-control-allow-origin").is_none());
    }
    assert_eq!(root.get("//login").await.header("cache-control"), "no-store");
    let hsts = root.get("//login").await.header("strict-transport-security").to_owned();
    assert_eq!(hsts, "max-age=31536000", "other servers on names below may have no https");
}

#[tokio::test]
async fn who_comes_by_another_name_of_this_machine_is_sent_to_the_right_one() {
    let server = crate::support::TestServer::sqlite_at("http://127.0.0.1:8080").await;
    let client = server.anonymous();
    let ask = async |host: &str| {
        let request = client.request(Method::GET, "//setup?code=1").header("host", host).header("accept", "text/html");
        let reply = client.send(request, Body::empty()).await;
        (reply.status.as_u16(), reply.header("location").to_owned())
    };
    assert_eq!(ask("localhost:8080").await, (307, "http://127.0.0.1:8080/setup?code=1".to_owned()));
    assert_eq!(ask("[::1]:8080").await, (307, "http://127.0.0.1:8080/setup?code=1".to_owned()));
    assert_eq!(ask("127.0.0.1:8080").await, (200, String::new()));
    assert_eq!(ask("evil.example").await, (200, String::new()), "nobody is sent anywhere by a foreign name");
}

#[tokio::test]
async fn who_comes_through_a_proxy_that_replaces_the_host_is_not_sent_in_circles() {
    let server = crate::support::TestServer::sqlite_at("http://localhost:8080").await;
    let client = server.anonymous();
    let ask = async |host: Option<&str>, version: http::Version, header: Option<(&str, &str)>| {
        let request = client.request(Method::GET, "//login").version(version).header("accept", "text/html");
        let request = host.into_iter().fold(request, |request, host| request.header("host", host));
        let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        client.send(request, Body::empty()).await.status.as_u16()
    };
    let (old, new) = (http::Version::HTTP_10, http::Version::HTTP_11);
    assert_eq!(ask(Some("127.0.0.1:8080"), new, None).await, 307, "a browser by another name");
    // nginx as the package configures it sends such a `Host`, with another port or address for the server behind it.
    assert_eq!(ask(Some("127.0.0.1:9000"), new, None).await, 200);
    assert_eq!(ask(Some("127.0.0.2:8080"), old, None).await, 200);
    assert_eq!(ask(Some("127.0.0.1"), old, None).await, 200);
    assert_eq!(ask(None, old, None).await, 200);
    for (name, value) in
        [("via", "1.1 proxy"), ("x-forwarded-for", "::1"), ("forwarded", "for=_x"), ("x-real-ip", "::1")]
    {
        assert_eq!(ask(Some("127.0.0.2:8080"), new, Some((name, value))).await, 200, "{name}");
    }
}

#[tokio::test]
async fn servers_on_two_ports_of_one_host_keep_their_sessions_apart() {
    let (one, two) = (
        crate::support::TestServer::sqlite_at("http://127.0.0.1:8080").await,
        crate::support::TestServer::sqlite_at("http://127.0.0.1:8081").await,
    );
    let mut jar = Vec::new();
    for server in [&one, &two] {
        server.add_user("root", "administrator").await;
        let login = serde_json::json!({ "login": "root", "password": crate::support::PASSWORD });
        let reply = server.anonymous().post("/auth/sessions", login).await;
        reply.ok(201);
        // The second sign-in carries the cookie of the first.
        jar.push(reply.header("set-cookie").split(';').next().unwrap().to_owned());
    }
    assert!(jar[0].starts_with("uptrakit-8080=") && jar[1].starts_with("uptrakit-8081="), "{jar:?}");
    let ask = async |server: &crate::support::TestServer, method: Method, path: &str| {
        let client = server.anonymous();
        let request =
            client.request(method, path).header("cookie", jar.join("; ")).header("sec-fetch-site", "same-origin");
        client.send(request, Body::empty()).await
    };
    ask(&one, Method::GET, "/auth/me").await.ok(200);
    ask(&two, Method::GET, "/auth/me").await.ok(200);
    let out = ask(&one, Method::DELETE, "/auth/sessions/current").await;
    assert_eq!(out.status, 204);
    assert!(
        out.header("set-cookie").starts_with("uptrakit-8080=;") && !out.header("clear-site-data").contains("cookies")
    );
    ask(&one, Method::GET, "/auth/me").await.refused(401, "missing-credentials");
    ask(&two, Method::GET, "/auth/me").await.ok(200);
}
