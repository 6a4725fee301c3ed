//! Completes `WWW-Authenticate` (RFC 6750, section 3; RFC 9728, section 5.1) for MCP clients: they find the
//! authorization server by `resource_metadata`, and ask for the permissions in `scope`.

use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode, header};
use uptrakit_api::Permission;

use super::Endpoint;

/// A client that has no credential yet asks for this permission alone.
const LEAST: Permission = Permission::HostsRead;

pub async fn complete(State(endpoint): State<Endpoint>, mut response: Response) -> Response {
    let status = response.status();
    let Some(begun) = response.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()) else {
        return response;
    };
    let public_url = endpoint.app.public_url.as_str();
    let metadata = format!(", resource_metadata=\"{public_url}/.well-known/oauth-protected-resource/mcp\"");
    let metadata = if endpoint.app.oauth_rules.is_on { &*metadata } else { "" };
    let scope = format!(", scope=\"{LEAST}\"");
    let scope = if status == StatusCode::UNAUTHORIZED { &*scope } else { "" };
    let challenge = format!("{begun}{metadata}{scope}");
    if let Ok(value) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
