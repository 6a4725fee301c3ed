//! What clients of OAuth learn before they do anything: the metadata, who may read it, and that nothing of it is there
//! where a setting turns OAuth off.

use axum::body::Body;
use http::Method;
use serde_json::json;
use uptrakit_core::state::OAuthRules;
use uptrakit_server::http::{Offer, router};

use crate::support::{Client, OFFER, Reply, TestServer, on_both};

const ORIGIN: &str = "https://inspector.example";
const SERVER: &str = "//.well-known/oauth-authorization-server";
const RESOURCES: [&str; 2] = ["//.well-known/oauth-protected-resource", "//.well-known/oauth-protected-resource/mcp"];
const OPENID: &str = "//.well-known/openid-configuration";

async fn from_elsewhere(client: &Client, method: Method, path: &str) -> Reply {
    client.send(client.request(method, path).header("origin", ORIGIN), Body::empty()).await
}

/// Asks as a browser does before it sends a request with a header of the client's own.
async fn preflight(client: &Client, method: &str, path: &str) -> Reply {
    let request = client
        .request(Method::OPTIONS, path)
        .header("origin", ORIGIN)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "mcp-protocol-version, x-any");
    client.send(request, Body::empty()).await
}

async fn the_authorization_server_names_itself_by_the_public_url(server: TestServer) {
    let metadata = server.anonymous().get(SERVER).await.ok(200);
    assert_eq!(
        metadata,
        json!({
            "issuer": "https://up.example.org",
            "authorization_endpoint": "https://up.example.org/oauth/authorize",
            "token_endpoint": "https://up.example.org/oauth/token",
            "registration_endpoint": "https://up.example.org/oauth/register",
            "revocation_endpoint": "https://up.example.org/oauth/revoke",
            "device_authorization_endpoint": "https://up.example.org/oauth/device_authorization",
            "scopes_supported":
                ["hosts:read", "hosts:report", "hosts:write", "tokens:write", "users:manage", "audit:read"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported":
                ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "client_id_metadata_document_supported": false,
            "protected_resources": ["https://up.example.org/mcp"],
            "service_documentation": "https://up.example.org/docs/auth-flows",
        })
    );
}

async fn what_the_metadata_names_is_there(server: TestServer) {
    let client = server.anonymous();
    let metadata = client.get(SERVER).await.ok(200);
    for (name, url) in metadata.as_object().unwrap() {
        let Some(path) = url.as_str().and_then(|url| url.strip_prefix("https://up.example.org/")) else { continue };
        let method = if name.ends_with("_endpoint") && name != "authorization_endpoint" { "POST" } else { "GET" };
        let request = client.request(method.parse().unwrap(), &format!("//{path}")).header("accept", "text/html");
        let status = client.send(request, Body::empty()).await.status.as_u16();
        assert!(matches!(status, 200 | 400), "{name}: {status}");
    }
}

async fn the_metadata_names_only_what_settings_allow(server: TestServer) {
    let documents = server.another_with_oauth(OAuthRules { is_on: true, registration: false, documents: true }).await;
    let metadata = documents.anonymous().get(SERVER).await.ok(200);
    assert_eq!(metadata["registration_endpoint"], json!(null));
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
}

async fn without_mcp_the_metadata_names_no_resource(server: TestServer) {
    let off = router(&server.app, Offer { mcp: false, ..OFFER });
    let client = server.anonymous().through(off);
    let metadata = client.get(SERVER).await.ok(200);
    assert_eq!(metadata["protected_resources"], json!(null));
    for path in RESOURCES {
        client.get(path).await.refused(404, "not-found");
    }
}

async fn the_protected_resource_is_mcp_at_both_addresses(server: TestServer) {
    for path in RESOURCES {
        assert_eq!(
            server.anonymous().get(path).await.ok(200),
            json!({
                "resource": "https://up.example.org/mcp",
                "authorization_servers": ["https://up.example.org"],
                "scopes_supported": ["hosts:read", "hosts:write", "tokens:write", "audit:read"],
                "bearer_methods_supported": ["header"],
                "resource_name": "Uptrakit",
            })
        );
    }
}

async fn there_is_no_openid_configuration_and_never_the_page_in_its_place(server: TestServer) {
    let client = server.anonymous();
    for path in [OPENID, "//.well-known/oauth-authorization-server/mcp", "//.well-known/x", "//oauth/x"] {
        let as_browser = client.request(Method::GET, path).header("accept", "text/html");
        client.send(as_browser, Body::empty()).await.refused(404, "not-found");
        client.get(path).await.refused(404, "not-found");
    }
}

async fn pages_of_any_origin_may_read_the_metadata(server: TestServer) {
    let client = server.anonymous();
    for path in [SERVER, RESOURCES[0], RESOURCES[1], OPENID] {
        let reply = from_elsewhere(&client, Method::GET, path).await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
        let reply = preflight(&client, "GET", path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-allow-headers"), "mcp-protocol-version, x-any");
        let reply = from_elsewhere(&client, Method::DELETE, path).await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}: errors too");
    }
    let reply = from_elsewhere(&client, Method::POST, SERVER).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET,HEAD"));
}

async fn pages_of_other_origins_may_read_nothing_else(server: TestServer) {
    let client = server.anonymous();
    for path in ["//", "//login", "//oauth/authorize", "//oauth/x", "/auth/me", "/openapi.json", "//rpc/x", "//docs"] {
        let reply = from_elsewhere(&client, Method::GET, path).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
        let reply = preflight(&client, "GET", path).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
}

async fn windows_that_connectors_open_stay_in_touch_with_them_and_no_others(server: TestServer) {
    let client = server.anonymous();
    for (path, policy) in [
        ("//oauth/authorize", "unsafe-none"),
        ("//oauth/consent", "unsafe-none"),
        ("//login", "unsafe-none"),
        ("//", "same-origin"),
        ("//profile", "same-origin"),
        ("//login/x", "same-origin"),
        ("/auth/me", "same-origin"),
    ] {
        assert_eq!(client.get(path).await.header("cross-origin-opener-policy"), policy, "{path}");
    }
}

async fn the_pages_of_oauth_are_pages(server: TestServer) {
    let client = server.anonymous();
    for path in ["//oauth/consent?request=x", "//device"] {
        let reply = client.send(client.request(Method::GET, path).header("accept", "text/html"), Body::empty()).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "text/html; charset=utf-8"));
        from_elsewhere(&client, Method::POST, path).await.refused(405, "method-not-allowed");
    }
}

async fn oauth_that_is_off_is_404_everywhere(server: TestServer) {
    let off = server.another_with_oauth(OAuthRules { is_on: false, ..OAuthRules::default() }).await;
    let client = off.anonymous();
    for path in
        [SERVER, RESOURCES[0], RESOURCES[1], OPENID, "//oauth/authorize?client_id=x", "//oauth/consent", "//device"]
    {
        let as_browser = client.request(Method::GET, path).header("accept", "text/html").header("origin", ORIGIN);
        let reply = client.send(as_browser, Body::empty()).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
    for path in ["/auth/applications", "/applications"] {
        client.get(path).await.refused(404, "not-found");
    }
    for path in ["//oauth/token", "//oauth/revoke", "//oauth/register", "//oauth/device_authorization"] {
        from_elsewhere(&client, Method::POST, path).await.refused(404, "not-found");
        assert_eq!(preflight(&client, "POST", path).await.status, 404);
    }
}

on_both!(
    the_authorization_server_names_itself_by_the_public_url,
    what_the_metadata_names_is_there,
    the_metadata_names_only_what_settings_allow,
    without_mcp_the_metadata_names_no_resource,
    the_protected_resource_is_mcp_at_both_addresses,
    there_is_no_openid_configuration_and_never_the_page_in_its_place,
    pages_of_any_origin_may_read_the_metadata,
    pages_of_other_origins_may_read_nothing_else,
    windows_that_connectors_open_stay_in_touch_with_them_and_no_others,
    the_pages_of_oauth_are_pages,
    oauth_that_is_off_is_404_everywhere,
);
