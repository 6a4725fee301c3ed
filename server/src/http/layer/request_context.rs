//! The one layer of all requests: it assigns the request's id, finds the client's address and has the request cut off
//! when its credential becomes invalid ([`super::cut_off`]). It also sees to it that every answer, panics included, has
//! its security headers, its problem document, its line in the log and its place in the metrics. tower-http has a layer
//! for each of these; one function is faster, because each layer wraps the future and the body of every request anew.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ipnet::IpNet;
use uptrakit_api::{EventId, Problem};
use uptrakit_core::{
    auth::context::{RequestContext, RequestId},
    clock::fill_random,
    error::{Error, Failure},
    state::Core,
};

use super::cut_off::cut_off;
use crate::{
    App,
    http::{
        answer::{Accepted, compress},
        measured::is_measured,
        problem::ErrorResponse,
    },
    telemetry::{span::RequestSpan, trace_parent::TraceParent},
};

/// The content security policy of all responses but pages. If a browser shows such a response as a page, that page may
/// do nothing.
const DATA_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The address of the peer; the accept loop puts it into the request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

pub async fn request_context(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let Forwarded { address, request_id, trace_parent } = forwarded(peer, request.headers(), &app.trusted_proxies);
    let request_id = request_id.unwrap_or_else(next_request_id);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = RequestSpan::begin(request.method(), route.as_ref().map(MatchedPath::as_str), trace_parent);
    let of_span = span.as_ref().map(RequestSpan::trace_id);
    let context = RequestContext {
        address,
        request_id: request_id.clone(),
        trace_id: of_span.or_else(|| Some(trace_parent?.trace_id)),
        arrived: app.clock.now(),
        in_flight: Arc::default(),
    };
    request.extensions_mut().insert(context.clone());
    let path = request.uri().path();
    let is_page = !(path.starts_with("/api/") || path.starts_with("/rpc/"));
    let accepted: Accepted = request.headers().get_all(header::ACCEPT_ENCODING).iter().cloned().collect();
    let opener_policy = opener_policy(path);
    let observed = Observed::of(&request);
    let method = request.method().clone();

    let handled = if has_credential_in_query(request.uri().query()) {
        let why = "A credential must not be in the URL, where logs keep it. Send an Authorization header.";
        ErrorResponse(Error::Malformed(why)).into_response()
    } else {
        match AssertUnwindSafe(cut_off(&app, &context, next.run(request))).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => {
                let cause = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let cause = cause.or_else(|| panic.downcast_ref::<String>().cloned());
                ErrorResponse(Error::Internal(cause.unwrap_or_else(|| "a panic".to_owned()).into())).into_response()
            }
        }
    };
    let handled = if handled.status().is_server_error() && handled.extensions().get::<Failure>().is_none() {
        let cause = format!("a handler answered {} without a cause", handled.status());
        ErrorResponse(Error::Internal(cause.into())).into_response()
    } else {
        handled
    };
    if handled.status().is_server_error() {
        let failure = handled.extensions().get::<Failure>();
        let (cause, is_outage) = failure.map_or(("unknown", false), |failure| (&*failure.cause, failure.is_outage));
        let route = route.as_ref().map_or("other", MatchedPath::as_str);
        let (status, trace_id) = (handled.status().as_u16(), context.trace_field());
        if is_outage && !app.outage.fail() {
            tracing::debug!(%request_id, trace_id, %method, route, status, cause, "request failed");
        } else {
            tracing::error!(%request_id, trace_id, %method, route, status, cause, "request failed");
        }
    }
    let mut response = compress(write_problem(handled, &request_id), accepted).await;
    let status = response.status();
    finish_headers(&app, status, response.headers_mut(), is_page, &request_id);
    response.headers_mut().insert("cross-origin-opener-policy", opener_policy);
    observed.record(&context, response.status());
    if let Some(span) = span {
        span.finish(&context.request_id, response.status());
    }
    response
}

fn next_request_id() -> RequestId {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| {
        let mut bytes = [0; 8];
        fill_random(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    RequestId::Made { process: *PROCESS, count: COUNT.fetch_add(1, Ordering::Relaxed) }
}

/// Holds what the log and the metrics need of a request. A field is `None` when neither of them would read it.
struct Observed {
    started: Option<Instant>,
    line: Option<(Method, String)>,
    route: Option<String>,
}

impl Observed {
    fn of(request: &Request) -> Self {
        let line = tracing::enabled!(tracing::Level::DEBUG);
        let route = || {
            let route = request.extensions().get::<MatchedPath>();
            route.map_or_else(|| "other".to_owned(), |route| route.as_str().to_owned())
        };
        Self {
            started: (line || is_measured()).then(Instant::now),
            line: line.then(|| (request.method().clone(), loggable(request.uri().path()))),
            route: is_measured().then(route),
        }
    }

    fn record(self, context: &RequestContext, status: StatusCode) {
        let Some(elapsed) = self.started.map(|started| started.elapsed()) else { return };
        if let Some((method, path)) = self.line {
            let (request_id, trace_id) = (&context.request_id, context.trace_field());
            tracing::debug!(%request_id, trace_id, %method, %path, status = status.as_u16(), ?elapsed, "request");
        }
        if let Some(route) = self.route {
            let status = status_class(status);
            metrics::histogram!("uptrakit_request_seconds", "route" => route, "status" => status).record(elapsed);
        }
    }
}

struct Forwarded {
    address: IpAddr,
    request_id: Option<RequestId>,
    trace_parent: Option<TraceParent>,
}

/// Reads the headers in which trusted proxies say where a request comes from; from any other peer they are ignored.
fn forwarded(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Forwarded {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if trusted.is_empty() || !is_trusted(&peer) {
        return Forwarded { address: peer, request_id: None, trace_parent: None };
    }
    Forwarded {
        address: client_address(peer, headers, is_trusted),
        request_id: only(headers, "x-request-id").and_then(RequestId::given),
        trace_parent: only(headers, "traceparent").and_then(TraceParent::parse),
    }
}

/// Returns the value of a header that is there once. Two say that a client and a proxy wrote one each.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Behind trusted proxies the client is the rightmost address of `X-Forwarded-For` that is not a trusted proxy's. The
/// crate axum-client-ip knows no list of trusted networks.
fn client_address(proxy: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(&IpAddr) -> bool) -> IpAddr {
    let mut client = proxy;
    // A proxy may write its part behind what a client made up: bytes there that are no text must not hide the proxy's
    // part.
    let values: Vec<&[u8]> = headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes).collect();
    for part in values.iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b',')) {
        let Some(address) = str::from_utf8(part).ok().and_then(address_in) else { return client };
        client = address;
        if !is_trusted(&client) {
            return client;
        }
    }
    client
}

/// Parses an address as proxies write it. Some append a port, and some put IPv6 in brackets, with and without a port.
fn address_in(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let address = text.parse::<IpAddr>().ok().or_else(bracketed).or_else(with_port);
    address.map(|address| address.to_canonical())
}

/// RFC 6750 allows `access_token` in the query; RFC 9700 (section 4.3.2) forbids it.
fn has_credential_in_query(query: Option<&str>) -> bool {
    query.is_some_and(|query| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token"))
}

fn write_problem(mut response: Response, request_id: &RequestId) -> Response {
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else { return response };
    problem.request_id = request_id.to_string();
    let Ok(body) = serde_json::to_vec(&problem) else { return response };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Body::from(body);
    response
}

/// Programs open the pages of OAuth in a window and listen for its end. With `same-origin`, browsers would cut that
/// window off from the page that opened it.
fn opener_policy(path: &str) -> HeaderValue {
    let is_opened_by_others = path.starts_with("/oauth/") || path == "/login";
    HeaderValue::from_static(if is_opened_by_others { "unsafe-none" } else { "same-origin" })
}

fn finish_headers(app: &Core, status: StatusCode, headers: &mut HeaderMap, is_page: bool, request_id: &RequestId) {
    const FIXED: [(HeaderName, &str); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    headers.reserve(12);
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DATA_POLICY));
    }
    if let Some(value) = app.public_url.strict_transport_security() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(value));
    }
    let may_be_stored = |value: &HeaderValue| !value.as_bytes().starts_with(b"no-store");
    if headers.get(header::CACHE_CONTROL).is_none_or(|value| !is_page && may_be_stored(value)) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE && !headers.contains_key(header::RETRY_AFTER) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

/// Returns the path without the parts that may be a token which a client put there: only ids and short words are kept.
fn loggable(path: &str) -> String {
    const LONGEST_WORD: usize = 20;
    let is_harmless = |part: &&str| part.len() <= LONGEST_WORD || part.parse::<EventId>().is_ok();
    let parts: Vec<&str> = path.split('/').map(|part| Some(part).filter(is_harmless).unwrap_or("…")).collect();
    parts.join("/")
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::{forwarded, has_credential_in_query, loggable};
    use http::{HeaderMap, HeaderValue};
    use std::net::IpAddr;

    #[test]
    fn forwarded_addresses_count_from_trusted_peers_alone() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let address = |peer: &str, lines: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
            }
            forwarded(peer.parse().unwrap(), &headers, &trusted).address.to_string()
        };
        assert_eq!(address("198.51.100.1", &[b"203.0.113.9"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &[b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &[b"203.0.113.9, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1", &[b"203.0.113.9", b"198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1", &[b"198.51.100.7, nonsense"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(address("10.0.0.1", &[b"\xff, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &[b"203.0.113.9", b"\xff"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
        for part in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443", " [2001:db8::1] "] {
            assert_eq!(address("10.0.0.1", &[part.as_bytes()]), "2001:db8::1", "{part}");
        }
        assert_eq!(address("10.0.0.1", &[b"[::ffff:203.0.113.9]"]), "203.0.113.9");
        for part in ["[203.0.113.9]", "[2001:db8::1", "2001:db8::1]", "[]", "[[2001:db8::1]]"] {
            assert_eq!(address("10.0.0.1", &[part.as_bytes()]), "10.0.0.1", "{part}");
        }
        assert_eq!(address("::ffff:10.0.0.1", &[b"::ffff:203.0.113.9"]), "203.0.113.9");
        let none: IpAddr = "10.0.0.1".parse().unwrap();
        assert_eq!(forwarded(none, &HeaderMap::new(), &[]).address, none);
    }

    #[test]
    fn the_ids_of_a_request_and_a_trace_count_from_trusted_peers_alone_and_if_they_are_there_once() {
        const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0aa902b7-01";
        let ids = |peer: &str, lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            let found = forwarded(peer.parse().unwrap(), &headers, &["10.0.0.0/8".parse().unwrap()]);
            (found.request_id.map(|id| id.to_string()), found.trace_parent.map(|parent| parent.trace_id.to_string()))
        };
        let both = [("x-request-id", "one"), ("traceparent", PARENT)];
        assert_eq!(ids("198.51.100.1", &both), (None, None));
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736".to_owned();
        assert_eq!(ids("10.0.0.1", &both), (Some("one".to_owned()), Some(trace)));
        assert_eq!(ids("10.0.0.1", &[("x-request-id", "one"), ("x-request-id", "two")]), (None, None));
        assert_eq!(ids("10.0.0.1", &[("traceparent", PARENT), ("traceparent", PARENT)]), (None, None));
        assert_eq!(ids("10.0.0.1", &[("x-request-id", "one two"), ("traceparent", "00-0-0-0")]), (None, None));
    }

    #[test]
    fn a_token_in_the_query_is_noticed_however_it_is_written() {
        for query in ["access_token=x", "a=b&access_token=x", "access%5Ftoken=x", "access_token"] {
            assert!(has_credential_in_query(Some(query)), "{query}");
        }
        assert!(!has_credential_in_query(Some("q=access_token")));
        assert!(!has_credential_in_query(None));
    }

    #[test]
    fn a_token_in_the_path_does_not_reach_the_log() {
        let id = "/api/v1/auth/api-tokens/01a20b1b-3e4a-7291-8d3a-8b17376649e8/rotate";
        assert_eq!(loggable(id), id);
        let secret = "0123456789abcdefghijABCDEFGHIJ";
        for part in
            [format!("upk_{secret}abcdef"), format!("{secret}abcdef"), secret.to_owned(), format!("upk%5F{secret}")]
        {
            assert_eq!(loggable(&format!("/api/v1/hosts/{part}")), "/api/v1/hosts/…");
        }
    }
}
