//! Schemas of names that are made by macros: the derived ones would show the names of the variants, for they can't
//! read what a macro puts into `serde(rename)`.

use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type};

/// The schema of a text that is one of these.
pub fn one_of<'n>(names: impl Iterator<Item = &'n str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build().into()
}

/// The schema of a list of such texts.
pub fn some_of<'n>(names: impl Iterator<Item = &'n str>) -> RefOr<Schema> {
    ArrayBuilder::new().items(one_of(names)).build().into()
}
