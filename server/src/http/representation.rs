//! Answers with a file that the build script has put into the binary: chooses the encoding that the client prefers, and
//! answers 304 when the client has that representation already (RFC 9110, sections 12.5.3 and 13.1.2). Decision 13 says
//! why no library does this.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

pub struct Asset {
    pub path: &'static str,
    pub content_type: &'static str,
    /// The smallest comes first, and the last is not encoded.
    pub representations: &'static [Representation],
    /// True when the name contains a hash of the content.
    pub is_immutable: bool,
}

pub struct Representation {
    /// A content coding, or `identity`.
    pub coding: &'static str,
    /// A strong validator. It differs between the representations of a file, because their bytes do.
    pub etag: &'static str,
    pub bytes: &'static [u8],
}

impl Asset {
    pub fn bytes(&self) -> &'static [u8] {
        self.representations.last().map_or(&[], |plain| plain.bytes)
    }

    pub const fn cache_control(&self) -> &'static str {
        if self.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

pub fn find(assets: &'static [Asset], path: &str) -> Option<&'static Asset> {
    assets.iter().find(|asset| asset.path == path)
}

/// Answers with a file. A policy, which pages have, is sent with a 304 as well, because a browser replaces the headers
/// that it stored by those of the 304 (RFC 9111, section 3.2).
pub fn reply(
    asset: &'static Asset,
    status: StatusCode,
    cache: &'static str,
    policy: Option<HeaderValue>,
    request: &HeaderMap,
) -> Response {
    let Some(chosen) = choose(asset.representations, request) else {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    };
    let is_conditional = status.is_success() && !cache.starts_with("no-store");
    let is_known = is_conditional && knows(request, chosen.etag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (status, Body::from(chosen.bytes)).into_response()
    };
    let headers = response.headers_mut();
    if !is_known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        if chosen.coding != IDENTITY {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(chosen.coding));
        }
    }
    if is_conditional {
        headers.insert(header::ETAG, HeaderValue::from_static(chosen.etag));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(policy) = policy {
        add_page_headers(headers, policy);
    }
    response
}

pub fn add_page_headers(headers: &mut HeaderMap, policy: HeaderValue) {
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let permissions = HeaderValue::from_static("camera=(), geolocation=(), microphone=()");
    headers.insert(HeaderName::from_static("permissions-policy"), permissions);
}

const IDENTITY: &str = "identity";

/// Returns the representation with the highest quality, and the first of several. A client that accepts none of them
/// gets the one without an encoding, as RFC 9110 allows.
fn choose(representations: &'static [Representation], request: &HeaderMap) -> Option<&'static Representation> {
    let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<(&str, f32)> = lists.flat_map(|list| list.split(',')).filter_map(quality).collect();
    let best = representations.iter().reduce(|best, other| {
        if quality_of(other.coding, &accepted) > quality_of(best.coding, &accepted) { other } else { best }
    });
    best.filter(|best| quality_of(best.coding, &accepted) > 0.0).or(representations.last())
}

fn quality(item: &str) -> Option<(&str, f32)> {
    let (coding, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim().parse::<f32>().ok().filter(|value| (0.0..=1.0).contains(value))?;
    name.trim().eq_ignore_ascii_case("q").then_some((coding.trim(), value))
}

/// An encoding that the client does not name has the quality of `*`. Without an encoding a file is acceptable unless
/// the client rules that out, and is less wanted than in any encoding that the client names.
fn quality_of(coding: &str, accepted: &[(&str, f32)]) -> f32 {
    const LEAST: f32 = 0.000_1;
    let named = |name: &str| accepted.iter().find(|(accepted, _)| accepted.eq_ignore_ascii_case(name)).map(|(_, q)| *q);
    named(coding).or_else(|| named("*")).unwrap_or(if coding == IDENTITY { LEAST } else { 0.0 })
}

/// Returns true when `If-None-Match` names the representation, by the weak comparison (RFC 9110, section 13.1.2).
fn knows(request: &HeaderMap, etag: &str) -> bool {
    let lists = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // The server's own tags contain no comma.
    lists.flat_map(|list| list.split(',')).map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::{Asset, Representation, choose, reply};
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

    const REPRESENTATIONS: &[Representation] = &[
        Representation { coding: "br", etag: "\"1-br\"", bytes: b"b" },
        Representation { coding: "gzip", etag: "\"1-gzip\"", bytes: b"gz" },
        Representation { coding: "identity", etag: "\"1\"", bytes: b"plain" },
    ];
    static ASSET: Asset = Asset {
        path: "/page",
        content_type: "text/html; charset=utf-8",
        representations: REPRESENTATIONS,
        is_immutable: false,
    };

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_file_is_sent_in_the_encoding_that_the_client_prefers() {
        for (accepted, coding) in [
            (Some("gzip, deflate, br, zstd"), "br"),
            (Some("gzip, deflate"), "gzip"),
            (Some("br;q=0.5, gzip"), "gzip"),
            (Some("br;q=0.5, gzip; q=0.5"), "br"),
            (Some("BR"), "br"),
            (Some("br;q=0, gzip;q=0"), "identity"),
            (Some("br;q=0, *"), "gzip"),
            (Some("*"), "br"),
            (Some("identity, br;q=0.1"), "identity"),
            (Some("brr, gzipp"), "identity"),
            (Some("br;q=2, gzip;q=x"), "identity"),
            (Some("*;q=0"), "identity"),
            (Some(""), "identity"),
            (None, "identity"),
        ] {
            let request = accepted.map(|value| headers(&[(header::ACCEPT_ENCODING, value)])).unwrap_or_default();
            assert_eq!(choose(REPRESENTATIONS, &request).unwrap().coding, coding, "{accepted:?}");
        }
    }

    #[test]
    fn a_client_that_has_the_representation_is_told_so() {
        let status = |tags: &'static str, accepted| {
            let request = headers(&[(header::IF_NONE_MATCH, tags), (header::ACCEPT_ENCODING, accepted)]);
            reply(&ASSET, StatusCode::OK, ASSET.cache_control(), None, &request).status().as_u16()
        };
        for tags in ["\"1-br\"", "W/\"1-br\"", "\"x\", \"1-br\"", "*"] {
            assert_eq!(status(tags, "br"), 304, "{tags}");
        }
        for tags in ["\"1\"", "\"1-gzip\"", "1-br", "\"2-br\"", ""] {
            assert_eq!(status(tags, "br"), 200, "{tags}");
        }
        assert_eq!((status("\"1-gzip\"", "gzip"), status("\"1\"", "x")), (304, 304));
    }

    #[test]
    fn what_may_not_be_stored_or_is_an_error_is_sent_whole() {
        let request = headers(&[(header::IF_NONE_MATCH, "*")]);
        for (status, cache) in [(StatusCode::OK, "no-store"), (StatusCode::NOT_FOUND, "no-cache")] {
            let answer = reply(&ASSET, status, cache, None, &request);
            assert_eq!((answer.status(), answer.headers().get(header::ETAG)), (status, None));
        }
    }
}
