//! Serves the guide. Its pages have no script but the one that applies the stored theme. `build/guide.rs` renders them
//! into the binary, so that an operator can read about the installed version offline.

use std::sync::LazyLock;

use axum::{extract::Request, response::Response};
use http::{HeaderValue, StatusCode};
use uptrakit_core::error::Error;

use crate::http::{
    assets::{accepts_html, hashes_of},
    problem::ErrorResponse,
    representation::{find, reply},
};

include!(concat!(env!("OUT_DIR"), "/guide.rs"));

pub async fn get_page(request: Request) -> Result<Response, ErrorResponse> {
    let path = request.uri().path();
    let (asset, status) = match find(GUIDE, path.trim_end_matches('/')) {
        Some(asset) => (asset, StatusCode::OK),
        None if accepts_html(request.headers()) => {
            (find(GUIDE, "").expect("the build makes this page"), StatusCode::NOT_FOUND)
        }
        None => return Err(Error::NotFound.into()),
    };
    let policy = asset.content_type.starts_with("text/html").then(content_security_policy);
    Ok(reply(asset, status, asset.cache_control(), policy, request.headers()))
}

pub fn stylesheet() -> &'static str {
    let stylesheet = GUIDE.iter().find(|asset| asset.content_type.starts_with("text/css"));
    stylesheet.expect("the build makes a stylesheet").path
}

/// All pages share this policy, because they have the same script.
fn content_security_policy() -> HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let hashes = find(GUIDE, "").map(|page| hashes_of(page.bytes())).unwrap_or_default();
        let policy = format!(
            "default-src 'none'; script-src{hashes}; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        );
        HeaderValue::try_from(policy).expect("the policy is plain ASCII")
    });
    POLICY.clone()
}
