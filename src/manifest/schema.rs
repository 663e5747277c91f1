//! The JSON Schema of a manifest, generated from the types in [`super::specification`].

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

use super::specification::ManifestSpecification;

/// The schema of one manifest file, draft-07, as pretty JSON with a line end.
///
/// Draft-07 because that is what the YAML language server of most editors checks by.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(value()).expect("a JSON value can always be written");
    text.push('\n');
    text
}

static SCHEMA: LazyLock<Value> = LazyLock::new(of::<ManifestSpecification>);

/// The schema of one type of file.
pub(super) fn of<Specification: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().for_deserialize().with_transform(RecursiveTransform(plain));
    settings.into_generator().into_root_schema_for::<Specification>().to_value()
}

pub(super) fn value() -> &'static Value {
    &SCHEMA
}

/// An absent key and `null` are two things in YAML, and a manifest has no use for the second: `roles:` with nothing
/// behind it could mean "not managed" as well as "none". So `null` is allowed nowhere.
fn plain(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    // Doc comments are broken into lines for this repository's sake, not for the editor's.
    if let Some(Value::String(description)) = object.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(allowed)) = object.get_mut("enum") {
        allowed.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
        if let [only] = branches.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            adopt(object, only);
        }
    }
}

/// Puts a lone branch in place of the choice. A reference stays wrapped: draft-07 ignores what stands beside one.
fn adopt(object: &mut Map<String, Value>, branch: Value) {
    match branch {
        Value::Object(inner) if !inner.contains_key("$ref") => {
            for (key, value) in inner {
                object.entry(key).or_insert(value);
            }
        }
        reference => {
            object.insert("allOf".to_owned(), Value::Array(vec![reference]));
        }
    }
}
