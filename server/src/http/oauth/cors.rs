//! Lets pages of any origin call the endpoints of programs, without credentials: what they answer depends on what a
//! request carries itself, never on a cookie.

use std::time::Duration;

use http::Method;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

/// Browsers ask before a request with a header of the client's own; every header is allowed.
pub fn for_any_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(Duration::from_hours(1))
}
