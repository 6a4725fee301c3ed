//! Tells whether a browser's request comes from Uptrakit's own pages. A cookie travels with requests that other sites
//! cause; the two headers read here reveal those requests, and no page can set them.
//!
//! The layer of tower-http against such requests is less strict: it lets reads pass, and
//! `Sec-Fetch-Site` decides alone where it is there.

use std::time::Instant;

use http::{HeaderMap, HeaderName, header};
use uptrakit_core::{
    auth::context::RequestContext,
    error::Error,
    log_limit::{Admitted, LogLimit},
    loggable,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The request comes from Uptrakit's own pages, or the person entered its address.
    Same,
    /// The request carries neither header, as requests of programs do.
    Untold,
    /// The request comes from another site, or one header contradicts the other.
    Foreign,
}

impl Origin {
    /// Reads `Sec-Fetch-Site` (Fetch Metadata) and `Origin` (RFC 6454). A header that fails outweighs one that passes.
    #[must_use]
    pub fn of(headers: &HeaderMap, public_url: &str) -> Self {
        let mut told = false;
        for value in headers.get_all("sec-fetch-site") {
            if !matches!(value.as_bytes(), b"same-origin" | b"none") {
                return Self::Foreign;
            }
            told = true;
        }
        for value in headers.get_all(header::ORIGIN) {
            if value.as_bytes() != public_url.as_bytes() {
                return Self::Foreign;
            }
            told = true;
        }
        if told { Self::Same } else { Self::Untold }
    }
}

/// Logs and returns the error for a request from another origin. It is logged because the usual reason is not an
/// attack, but a public URL that differs from the address that people use.
#[must_use]
pub fn refuse(context: &RequestContext, headers: &HeaderMap, public_url: &str) -> Error {
    static WRITTEN: LogLimit<()> = LogLimit::new();
    if let Some(Admitted { left_out }) = WRITTEN.admit((), Instant::now()) {
        let said = |name: HeaderName| {
            let value = headers.get(name)?;
            Some(loggable(&String::from_utf8_lossy(value.as_bytes())))
        };
        tracing::warn!(
            address = %context.address,
            origin = said(header::ORIGIN),
            sec_fetch_site = said(HeaderName::from_static("sec-fetch-site")),
            expected = public_url,
            request_id = %context.request_id,
            trace_id = context.trace_field(),
            left_out,
            "request of another origin refused; if it is the address that people use, set public_url to it"
        );
    }
    Error::CrossOrigin
}

#[cfg(test)]
mod tests {
    use super::Origin;
    use http::{HeaderMap, HeaderName, HeaderValue};

    #[test]
    fn only_our_own_pages_pass() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            Origin::of(&headers, "https://up.example.org")
        };
        assert_eq!(of(&[]), Origin::Untold);
        assert_eq!(of(&[("sec-fetch-site", "same-origin")]), Origin::Same);
        assert_eq!(of(&[("sec-fetch-site", "none")]), Origin::Same);
        assert_eq!(of(&[("origin", "https://up.example.org")]), Origin::Same);
        for foreign in [
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
            ("origin", "null"),
            ("origin", "http://up.example.org"),
            ("origin", "https://up.example.org.evil.example"),
            ("origin", "https://up.example.org:444"),
        ] {
            assert_eq!(of(&[foreign]), Origin::Foreign, "{foreign:?}");
            assert_eq!(of(&[foreign, ("sec-fetch-site", "same-origin")]), Origin::Foreign);
        }
    }
}
