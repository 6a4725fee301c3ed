//! Where clients learn what this server offers: the authorization server (RFC 8414) and the resource that it protects
//! (RFC 9728). Only what exists is named.

use axum::{Json, extract::State};
use serde::Serialize;
use uptrakit_api::Permissions;
use uptrakit_core::{
    domain::oauth::{registration::GRANT_TYPES, resource::Resource, scope},
    state::Core,
};

use crate::App;

#[derive(Debug, Serialize)]
pub struct AuthorizationServer {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    revocation_endpoint: String,
    device_authorization_endpoint: String,
    scopes_supported: Permissions,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    client_id_metadata_document_supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    protected_resources: Option<[String; 1]>,
    service_documentation: String,
}

#[derive(Debug, Serialize)]
pub struct ProtectedResource {
    resource: String,
    authorization_servers: [String; 1],
    scopes_supported: Permissions,
    bearer_methods_supported: [&'static str; 1],
    resource_name: &'static str,
}

pub fn authorization_server(core: &Core, has_mcp: bool) -> Json<AuthorizationServer> {
    let at = |path: &str| format!("{}{path}", core.public_url.as_str());
    Json(AuthorizationServer {
        issuer: at(""),
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        registration_endpoint: core.oauth_rules.registration.then(|| at("/oauth/register")),
        revocation_endpoint: at("/oauth/revoke"),
        device_authorization_endpoint: at("/oauth/device_authorization"),
        scopes_supported: Permissions::ALL,
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: GRANT_TYPES,
        token_endpoint_auth_methods_supported: ["none"],
        revocation_endpoint_auth_methods_supported: ["none"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: core.oauth_rules.documents,
        protected_resources: has_mcp.then(|| [Resource::Mcp.url(&core.public_url)]),
        service_documentation: at("/docs/auth-flows"),
    })
}

pub async fn get_protected_resource(State(app): State<App>) -> Json<ProtectedResource> {
    Json(ProtectedResource {
        resource: Resource::Mcp.url(&app.public_url),
        authorization_servers: [app.public_url.as_str().to_owned()],
        scopes_supported: scope::OF_TOOLS,
        bearer_methods_supported: ["header"],
        resource_name: "Uptrakit",
    })
}
