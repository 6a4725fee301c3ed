//! JSON schemas of the tools, made from the types that they read and write.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

pub fn input<T: JsonSchema>() -> Arc<JsonObject> {
    object(SchemaSettings::draft2020_12(), T::json_schema)
}

pub fn output<T: JsonSchema>() -> Arc<JsonObject> {
    object(SchemaSettings::draft2020_12().for_serialize(), T::json_schema)
}

/// Writes every part in place, because not all clients follow references.
fn object(
    mut settings: SchemaSettings,
    schema: impl FnOnce(&mut schemars::SchemaGenerator) -> schemars::Schema,
) -> Arc<JsonObject> {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = schema(&mut settings.into_generator()).to_value();
    plain(&mut schema);
    let mut object = match schema {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    };
    object.remove("title");
    object.remove("description");
    object.entry("type").or_insert_with(|| "object".into());
    Arc::new(object)
}

/// Removes what is no word of JSON Schema, such as the format `uint32`, of which clients warn.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("format").and_then(Value::as_str).is_some_and(|format| format.contains("int")) {
                object.remove("format");
            }
            object.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}
