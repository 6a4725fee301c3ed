//! Builds the OpenAPI 3.1 document from the handlers themselves, so that it can't name a route that isn't there.

use std::sync::LazyLock;

use http::StatusCode;
use uptrakit_api::Problem;
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        Components, Content, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
        ServerBuilder,
        path::Operation,
        schema::Type,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::answer::Data;

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);

pub(super) fn base() -> OpenApi {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("upk_…").build();
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
        "__Host-uptrakit",
        "A web session; such requests must be same-origin. On loopback without https the cookie is `uptrakit`. \
         Where the public URL has a port, that follows: `__Host-uptrakit-8443`.",
    ));
    let mut components = Components::new();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Uptrakit")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Accounts, API tokens and hosts. Every refusal is a problem document (RFC 9457)."))
                .license(Some(utoipa::openapi::License::new("MIT OR Apache-2.0")))
                .build(),
        )
        .servers(Some([ServerBuilder::new().url("/api/v1").build()]))
        .components(Some(components))
        .build()
}

#[must_use]
pub fn document() -> OpenApi {
    let mut document = super::api().into_openapi();
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            finish(path, operation);
        }
    }
    document
}

/// Adds what holds for every operation, so that no handler has to repeat it.
fn finish(path: &str, operation: &mut Operation) {
    let problem = ResponseBuilder::new()
        .description("A problem document; `code` says which")
        .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let status = status.parse::<StatusCode>().ok();
            status
                .and_then(|status| status.canonical_reason())
                .unwrap_or_default()
                .clone_into(&mut response.description);
        }
    }
    if let (Some("rotate_token"), Some(RefOr::T(body))) =
        (operation.operation_id.as_deref(), &mut operation.request_body)
    {
        // A missing body counts as `{}`. The macro has no body that may be left out but is not null.
        body.required = None;
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        // The handlers read these parameters as text, so that the error for a bad one names it.
        let most = match parameter.name.as_str() {
            "page" => None,
            "per_page" => Some(100),
            _ => continue,
        };
        parameter.schema = Some(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(most).into());
    }
    let open = path == "/openapi.json" || operation.operation_id.as_deref() == Some("create_session");
    if !open && operation.security.is_none() {
        let requirement = |name| SecurityRequirement::new::<_, _, &str>(name, []);
        operation.security = Some(vec![requirement("token"), requirement("session")]);
    }
}

/// Get this OpenAPI document
#[utoipa::path(get, path = "/openapi.json", tag = "about", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub async fn get_openapi() -> Data<&'static OpenApi> {
    Data(&DOCUMENT)
}
