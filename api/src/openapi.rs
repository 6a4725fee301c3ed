//! OpenAPI schemas of the enumerations that macros define. A derived schema would list the names of the Rust variants,
//! because the derive can't read a `serde(rename)` whose value comes from a macro.

use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type};

pub fn one_of<'n>(names: impl Iterator<Item = &'n str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build().into()
}

pub fn some_of<'n>(names: impl Iterator<Item = &'n str>) -> RefOr<Schema> {
    ArrayBuilder::new().items(one_of(names)).build().into()
}
