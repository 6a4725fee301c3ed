//! OAUTH.md, section 6: where requests to `/mcp` may come from, and whether there is such a path at all.

use http::{Method, header};
use serde_json::json;
use uptrakit_server::http::{Offer, router};

use crate::support::{Client, OFFER, Reply, TestServer, on_both};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

on_both!(
    a_foreign_origin_is_refused_before_the_credential_is_judged,
    a_host_is_the_public_one_the_listening_one_or_this_machine,
    a_trusted_proxy_may_name_any_host_but_no_foreign_origin,
    without_the_setting_there_is_no_such_path
);

async fn ping(client: &Client, headers: &[(header::HeaderName, &str)]) -> Reply {
    let mut request = client.request(Method::POST, "//mcp").header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    client.send(request, PING).await
}

async fn with_token(server: &TestServer) -> Client {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "assistant" })).await;
    server.bearer(&token)
}

async fn a_foreign_origin_is_refused_before_the_credential_is_judged(server: TestServer) {
    let client = with_token(&server).await;
    let host = (header::HOST, "up.example.org");
    for origin in ["https://up.example.org", "https://UP.example.org:443"] {
        ping(&client, &[host.clone(), (header::ORIGIN, origin)]).await.ok(200);
    }
    for origin in [
        "null",
        "",
        "http://up.example.org",
        "https://up.example.org:8443",
        "https://up.example.org.evil.example",
        "https://evil.example",
        "http://localhost:6274",
        "nonsense",
        "\u{e9}",
    ] {
        for client in [&client, &server.anonymous()] {
            let reply = ping(client, &[host.clone(), (header::ORIGIN, origin)]).await;
            reply.refused(403, "cross-origin");
            assert_eq!(reply.header("www-authenticate"), "", "no credential would help");
        }
    }
    let twice = [(header::ORIGIN, "https://up.example.org"), (header::ORIGIN, "https://evil.example")];
    ping(&client, &[&[host][..], &twice].concat()).await.refused(403, "cross-origin");
}

async fn a_host_is_the_public_one_the_listening_one_or_this_machine(server: TestServer) {
    let client = with_token(&server).await;
    for host in [
        "up.example.org",
        "Up.Example.Org",
        "up.example.org:443",
        "10.0.0.5:8080",
        "localhost:8080",
        "LOCALHOST:8080",
        "127.0.0.1:8080",
        "[::1]:8080",
    ] {
        ping(&client, &[(header::HOST, host)]).await.ok(200);
    }
    for host in [
        "",
        "evil.example",
        "up.example.org:8080",
        "up.example.org:80",
        "up.example.org.",
        "up.example.org:",
        "user@up.example.org",
        "10.0.0.5",
        "10.0.0.6:8080",
        "localhost",
        "localhost:443",
        "localhost.evil.example:8080",
        "127.0.0.1",
        "[::1]",
        "up.example.org, evil.example",
    ] {
        for client in [&client, &server.anonymous()] {
            let problem = ping(client, &[(header::HOST, host)]).await.refused(403, "cross-origin");
            assert!(problem["detail"].as_str().unwrap().contains("public_url"), "{host}");
        }
    }
    ping(&client, &[]).await.refused(403, "cross-origin");
    let twice = [(header::HOST, "up.example.org"), (header::HOST, "up.example.org")];
    ping(&client, &twice).await.refused(403, "cross-origin");
    let forwarded = [(header::HOST, "evil.example"), (header::FORWARDED, "host=up.example.org")];
    ping(&client, &forwarded).await.refused(403, "cross-origin");
}

async fn a_trusted_proxy_may_name_any_host_but_no_foreign_origin(server: TestServer) {
    let client = with_token(&server).await.seen_from("127.0.0.9");
    for host in ["uptrakit:8080", "10.1.2.3", "up.example.org"] {
        ping(&client, &[(header::HOST, host)]).await.ok(200);
        let foreign = [(header::HOST, host), (header::ORIGIN, "https://evil.example")];
        ping(&client, &foreign).await.refused(403, "cross-origin");
    }
    for headers in [&[][..], &[(header::HOST, "")], &[(header::HOST, "unix:/run/uptrakit.sock:")]] {
        ping(&client, headers).await.ok(200);
    }
    // A client can't make itself a proxy by a header.
    let client = client.seen_from("127.0.0.8");
    let request = client.request(Method::POST, "//mcp").header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::HOST, "uptrakit:8080").header("x-forwarded-for", "127.0.0.9");
    client.send(request, PING).await.refused(403, "cross-origin");
}

async fn without_the_setting_there_is_no_such_path(server: TestServer) {
    let off = router(&server.app, Offer { mcp: false, ..OFFER });
    let client = with_token(&server).await.through(off);
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let request = client.request(method, "//mcp").header(header::HOST, "up.example.org");
        client.send(request, PING).await.refused(404, "not-found");
    }
}
