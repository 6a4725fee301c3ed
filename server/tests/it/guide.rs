//! The guide at `/docs` is public, needs no database, and has a policy that lets nothing of other sites in.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Method;

use crate::support::TestServer;

/// Returns the values of an attribute in a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn every_link_and_picture_of_the_guide_is_served() {
    let server = TestServer::sqlite().await;
    let client = server.anonymous();
    let mut known = BTreeSet::from(["/docs".to_owned()]);
    let mut waiting = vec!["/docs".to_owned()];
    while let Some(path) = waiting.pop() {
        let reply = client.get(&format!("/{path}")).await;
        assert_eq!(reply.status, 200, "{path}");
        if !reply.header("content-type").starts_with("text/html") {
            continue;
        }
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for target in values(&reply.text, "href").into_iter().chain(values(&reply.text, "src")) {
            let ours = target.starts_with("/docs") || target.starts_with("/api/");
            let elsewhere = ["#content", "/", "/hosts", "/profile"].contains(&target) || target.starts_with("data:");
            assert!(ours || elsewhere, "{path} leads to {target}");
            let file = target.split('#').next().unwrap_or_default().to_owned();
            if ours && known.insert(file.clone()) {
                waiting.push(file);
            }
        }
    }
    for page in ["/docs/profile", "/docs/tokens", "/docs/security", "/docs/cli", "/docs/api"] {
        assert!(known.contains(page), "{page} is not linked to");
    }
}

#[tokio::test]
async fn a_page_that_the_guide_does_not_have_is_not_found() {
    let server = TestServer::sqlite().await;
    let client = server.anonymous();
    client.get("//docs/nothing").await.refused(404, "not-found");
    let request = client.request(Method::GET, "//docs/nothing").header("accept", "text/html");
    let reply = client.send(request, Body::empty()).await;
    assert_eq!(reply.status, 404);
    assert!(reply.text.contains("<h1>Page not found</h1>"));
    assert!(reply.header("content-security-policy").contains("script-src 'sha256-"));
    client.post("//docs/tokens", serde_json::json!({})).await.refused(405, "method-not-allowed");
}

#[tokio::test]
async fn the_guide_is_compressed_for_those_who_take_it() {
    let server = TestServer::sqlite().await;
    let client = server.anonymous();
    let request = client.request(Method::GET, "//docs/api").header("accept-encoding", "br");
    let reply = client.send(request, Body::empty()).await;
    assert_eq!(reply.header("content-encoding"), "br");
    assert_eq!(reply.header("cache-control"), "no-cache");
}
