//! Serves the web app, which the build script has compressed and put into the binary. Files with a hash in their name
//! never change, and browsers cache them for good; the page that names them is never cached.

use std::sync::LazyLock;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header, uri::Authority};
use sha2::{Digest as _, Sha256};
use uptrakit_core::{error::Error, public_url::is_loopback};

use crate::{
    App,
    http::{
        problem::ErrorResponse,
        representation::{Asset, add_page_headers, find, reply},
    },
};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The app knows these pages. Any other path gets the same document with status 404, and the app shows that it is
/// unknown.
const PAGES: [&str; 6] = ["/", "/setup", "/login", "/profile", "/hosts", "/users"];

/// The app's page is not stored, although nothing in it is secret: a browser would keep the running page as well, with
/// the person's data in it, and show it again to the next person who presses Back (HTML Standard, "back/forward cache").
const PAGE_CACHE: &str = "no-store";

const OAUTH_PAGES: [&str; 2] = ["/oauth/consent", "/device"];

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><title>Uptrakit</title>\
    <p>This server was built without its web app. Build it with: cargo xtask run</p></html>";

/// Returns true for a path below which an unknown one is answered with a problem document, never with the page.
fn is_for_programs(path: &str) -> bool {
    ["/rpc/", "/api/", "/.well-known/", "/oauth/"].iter().any(|prefix| path.starts_with(prefix))
}

pub async fn serve(State(app): State<App>, request: Request) -> Result<Response, ErrorResponse> {
    let path = request.uri().path();
    let is_page = PAGES.contains(&path) || (app.oauth_rules.is_on && OAUTH_PAGES.contains(&path));
    if is_for_programs(path) && !is_page {
        return Err(Error::NotFound.into());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let is_known = is_page || find(ASSETS, path).is_some();
        let error = if is_known { Error::MethodNotAllowed } else { Error::NotFound };
        let mut response = ErrorResponse(error).into_response();
        if is_known {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        return Ok(response);
    }
    if let Some(asset) = find(ASSETS, path).filter(|asset| asset.path != "/index.html") {
        return Ok(reply(asset, StatusCode::OK, asset.cache_control(), None, request.headers()));
    }
    if let Some(elsewhere) = canonical(app.public_url.as_str(), &request) {
        return Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, elsewhere)]).into_response());
    }
    if !is_page && !accepts_html(request.headers()) {
        return Err(Error::NotFound.into());
    }
    let status = if is_page { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(match find(ASSETS, "/index.html") {
        Some(page) => reply(page, status, PAGE_CACHE, Some(content_security_policy()), request.headers()),
        None => {
            let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            let mut response = (status, [content_type], PLACEHOLDER).into_response();
            add_page_headers(response.headers_mut(), content_security_policy());
            response
        }
    })
}

/// Returns the address of the page for a browser that came by another name of this machine, such as `localhost`.
/// Sign-in would be refused there, because the browser would report a foreign origin. A request that came through a
/// proxy is not redirected: the proxy may replace `Host` by the address of this server, while the browser is at the
/// public URL already.
fn canonical(public_url: &str, request: &Request) -> Option<String> {
    let authority = |text: &str| text.parse::<Authority>().ok();
    let port = |authority: &Authority| authority.port_u16().unwrap_or(80);
    let host = authority(request.headers().get(header::HOST)?.to_str().ok()?)?;
    let public = authority(public_url.strip_prefix("http://")?)?;
    let is_other_name = host != public && is_loopback(host.host()) && port(&host) == port(&public);
    if !is_other_name || is_proxied(request) {
        return None;
    }
    Some(format!("{public_url}{}", request.uri().path_and_query()?))
}

/// Returns true when a request shows traces of a proxy. Browsers have not sent HTTP/1.0 for decades; proxies do.
fn is_proxied(request: &Request) -> bool {
    const TRACES: [&str; 6] =
        ["via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];
    request.version() < Version::HTTP_11 || TRACES.iter().any(|name| request.headers().contains_key(*name))
}

pub fn accepts_html(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter();
    values.any(|value| value.as_bytes().windows(9).any(|part| part == b"text/html"))
}

/// The policy allows the page's own inline scripts by their hashes (CSP Level 3), and no other inline script.
fn content_security_policy() -> HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let hashes = hashes_of(find(ASSETS, "/index.html").map_or(PLACEHOLDER.as_bytes(), Asset::bytes));
        let policy = format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data:; \
             font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'"
        );
        HeaderValue::try_from(policy).expect("the policy is plain ASCII")
    });
    POLICY.clone()
}

pub fn hashes_of(page: &[u8]) -> String {
    let page = std::str::from_utf8(page).unwrap_or_default();
    let hash = |script: &str| format!(" 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script.as_bytes())));
    inline_scripts(page).map(hash).collect()
}

fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (content, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(content)
    })
}

#[cfg(test)]
mod tests {
    use super::inline_scripts;

    #[test]
    fn only_scripts_in_the_page_itself_are_hashed() {
        let page = "<head><script src=\"/a.js\"></script><script type=\"module\">import x</script></head>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["import x"]);
    }
}
