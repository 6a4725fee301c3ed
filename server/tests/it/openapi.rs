//! Contract, section 4: the OpenAPI document is one that programs can use.

use serde_json::{Value, json};

use crate::support::TestServer;

fn walk<'v>(value: &'v Value, found: &mut dyn FnMut(&'v str, &'v Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found(name, value);
                walk(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

/// Returns true when a value fits a schema, as far as this document uses schemas.
fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    fits_with(document, schema, value, true)
}

/// Compares a value with a schema. `whole` is false for a part of an `allOf`, where other parts may define further
/// fields.
fn fits_with(document: &Value, schema: &Value, value: &Value, whole: bool) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        return fits_with(document, document.pointer(&name[1..]).unwrap(), value, whole);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().any(|choice| fits(document, choice, value));
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().all(|part| fits_with(document, part, value, false));
    }
    if let Some(names) = schema["enum"].as_array() {
        return names.contains(value);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    types.iter().any(|kind| match (kind.as_str(), value) {
        (None, _)
        | (Some("null"), Value::Null)
        | (Some("string"), Value::String(_))
        | (Some("boolean"), Value::Bool(_)) => true,
        (Some("integer"), Value::Number(number)) => number.is_i64() || number.is_u64(),
        (Some("array"), Value::Array(items)) => items.iter().all(|item| fits(document, &schema["items"], item)),
        (Some("object"), Value::Object(fields)) => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            required.iter().all(|name| fields.contains_key(name.as_str().unwrap()))
                && fields.iter().all(|(name, value)| match &schema["properties"][name.as_str()] {
                    Value::Null => !whole || schema.get("properties").is_none(),
                    property => fits(document, property, value),
                })
        }
        _ => false,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_whole_and_answers_are_as_it_says() {
    let server = TestServer::sqlite().await;
    let root = server.with_root().await;
    let document = server.anonymous().get("/openapi.json").await.ok(200);
    walk(&document, &mut |name, value| {
        if name == "$ref" {
            let place = value.as_str().unwrap();
            assert!(document.pointer(&place[1..]).is_some(), "{place} is not there");
        }
        if name == "responses" {
            for (status, response) in value.as_object().unwrap() {
                assert!(
                    response["description"].as_str().is_some_and(|text| !text.is_empty()),
                    "{status} has no description"
                );
            }
        }
    });

    let (id, _) = root
        .new_token(
            json!({ "name": "ci", "permissions": ["hosts:read", "audit:read"], "allowed_networks": ["10.0.0.0/8"] }),
        )
        .await;
    root.post("/hosts/report", crate::support::report("m")).await.ok(201);
    let own = format!("/auth/api-tokens/{id}");
    for (route, path) in [
        ("/auth/me", "/auth/me"),
        ("/auth/api-tokens", "/auth/api-tokens"),
        ("/auth/api-tokens/{id}", own.as_str()),
        ("/auth/sessions", "/auth/sessions"),
        ("/hosts", "/hosts"),
        ("/users", "/users"),
        ("/audit", "/audit"),
        ("/auth/me/audit", "/auth/me/audit"),
    ] {
        let answer = root.get(path).await.ok(200);
        let schema = &document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(fits(&document, schema, &answer), "{route} answers {answer}, and says {schema}");
    }
    let refused = root.get("/hosts?page=0").await.refused(422, "invalid-field");
    let schema = &document["components"]["schemas"]["Problem"];
    assert!(fits(&document, schema, &refused), "{refused}");
    assert!(!fits(&document, schema, &json!({ "code": "no-such-code" })), "it refuses what does not fit");
}
