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
async fn the_guide_is_sent_once_in_the_encoding_that_the_browser_takes() {
    let server = TestServer::sqlite().await;
    let client = server.anonymous();
    let ask = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        let mut request = client.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        client.send(request, Body::empty()).await
    };
    let page = client.get("//docs/api").await;
    let stylesheet =
        values(&page.text, "href").into_iter().find(|target| target.starts_with("/docs/guide-")).unwrap().to_owned();
    let stylesheet = format!("/{stylesheet}");
    let for_ever = "public, max-age=31536000, immutable";
    for (path, cache) in [("//docs/api", "no-cache"), (stylesheet.as_str(), for_ever)] {
        let mut tags = BTreeSet::new();
        for (accepted, coding) in [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("identity", "")] {
            let accepts = ("accept-encoding", accepted);
            let first = ask(Method::GET, path, &[accepts]).await;
            assert_eq!((first.status.as_u16(), first.header("content-encoding")), (200, coding), "{path}");
            let tag = first.header("etag").to_owned();
            assert!(
                tag.starts_with('"') && tags.insert(tag.clone()),
                "{path}: {tag} is no strong validator of its own"
            );
            for method in [Method::GET, Method::HEAD] {
                let again = ask(method.clone(), path, &[accepts, ("if-none-match", &tag)]).await;
                assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{method} {path}");
                // A browser replaces the headers that it stored by those of the 304.
                for name in ["etag", "cache-control", "vary", "content-security-policy", "permissions-policy"] {
                    assert_eq!(again.headers.get(name), first.headers.get(name), "{method} {path}: {name}");
                }
                let changed = ask(method.clone(), path, &[accepts, ("if-none-match", "\"another\"")]).await;
                assert_eq!(changed.status, 200, "{method} {path}");
                assert_eq!(changed.text.is_empty(), method == Method::HEAD, "{method} {path}");
            }
            assert_eq!((first.header("cache-control"), first.header("vary")), (cache, "Accept-Encoding"), "{path}");
        }
    }
    let unknown = ask(Method::GET, "//docs/nothing", &[("accept", "text/html"), ("if-none-match", "*")]).await;
    assert_eq!((unknown.status.as_u16(), unknown.header("etag")), (404, ""));
}
