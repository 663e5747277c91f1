//! The JSON Schema of a plan, printed or saved, generated from the types that it is written from.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value as Json;

use crate::model::{Address, Observed};
use crate::render::Document;

use super::MadeFrom;

/// The JSON of a plan by `accredit plan --json`, and the file by `accredit plan --out`, which holds more.
#[derive(JsonSchema)]
#[schemars(title = "Accredit plan", rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is of use")]
struct File {
    #[schemars(flatten)]
    plan: Document,
    /// Saved plans: everything that was found of the managed resources, as far as it is compared.
    #[schemars(skip_serializing_if = "Option::is_none")]
    observed: Option<BTreeMap<Address, Observed>>,
    /// Saved plans: what it was made from.
    #[schemars(skip_serializing_if = "Option::is_none")]
    made_from: Option<MadeFrom>,
    /// Saved plans: the SHA-256 of all the others, `signature` left out.
    #[schemars(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Signed plans: of `digest`, Ed25519 in base64.
    #[schemars(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

/// The schema, draft 2020-12, as pretty JSON with a line end.
pub fn schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(RecursiveTransform(on_one_line));
    let schema = settings.into_generator().into_root_schema_for::<File>().to_value();
    format!("{schema:#}\n")
}

/// Doc comments are broken into lines for this repository's sake, not for the reader's.
fn on_one_line(schema: &mut Schema) {
    if let Some(Json::String(description)) = schema.as_object_mut().and_then(|object| object.get_mut("description")) {
        *description = description.replace('\n', " ");
    }
}
