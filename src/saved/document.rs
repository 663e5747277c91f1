//! The file: the JSON of the plan, with what an apply needs to know besides. `docs/plan-format.md` says what each field means.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::model::{Address, Observed, Plan, Selection, sha256};
use crate::render;

/// What a plan was made from, so that it can be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeFrom {
    /// As they were given.
    pub paths: Vec<String>,
    /// The SHA-256 of each manifest, by its name.
    pub manifests: BTreeMap<String, String>,
    /// The part of the estate that it was limited to.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
    /// What is made anew although nothing calls for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replace: Vec<Address>,
    /// Whether it deletes what the manifests declare.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
}

/// A plan that was saved.
#[derive(Clone, Debug)]
pub struct SavedPlan {
    pub plan: Plan,
    pub made_from: MadeFrom,
    pub signature: Option<Signature>,
}

/// Who stands for a saved plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// What was signed.
    pub signed: String,
    /// Ed25519, in base64.
    pub value: String,
}

/// A text that is no plan to be carried out.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSavedPlan {
    #[error(transparent)]
    NotAPlan(#[from] render::InvalidPlan),
    #[error("it was not saved with `accredit plan --out`")]
    NotSaved,
    #[error("it was changed after it was saved")]
    Changed,
    #[error("version {made_by} of Accredit made it, and this is {}", env!("CARGO_PKG_VERSION"))]
    OtherVersion { made_by: String },
}

/// The fields that a saved plan has more than the JSON of a plan.
const OBSERVED: &str = "observed";
const MADE_FROM: &str = "madeFrom";
const DIGEST: &str = "digest";
const SIGNATURE: &str = "signature";

impl SavedPlan {
    /// The text of the file. `sign` makes the signature of what it is given.
    ///
    /// # Errors
    /// Those of `sign`.
    pub fn write<E>(
        plan: &Plan,
        made_from: &MadeFrom,
        sign: Option<impl FnOnce(&str) -> Result<String, E>>,
    ) -> Result<String, E> {
        let document: Result<Map<String, Json>, _> = serde_json::from_str(&render::json(plan));
        let mut document = document.expect("the JSON of a plan is an object");
        let value = |value: serde_json::Result<Json>| value.expect("it holds nothing but texts");
        document.insert(OBSERVED.to_owned(), value(serde_json::to_value(&plan.observed)));
        document.insert(MADE_FROM.to_owned(), value(serde_json::to_value(made_from)));
        let digest = digest(&document);
        let signature = sign.map(|sign| sign(&digest)).transpose()?;
        document.insert(DIGEST.to_owned(), digest.into());
        if let Some(signature) = signature {
            document.insert(SIGNATURE.to_owned(), signature.into());
        }
        Ok(value_text(&Json::Object(document)) + "\n")
    }

    /// Reads what [`Self::write`] wrote, and nothing else.
    pub fn read(text: &str) -> Result<Self, InvalidSavedPlan> {
        let mut plan = render::from_json(text)?;
        let mut document: Map<String, Json> = serde_json::from_str(text).map_err(|_| InvalidSavedPlan::NotSaved)?;
        let mut text_of = |name: &str| match document.shift_remove(name) {
            Some(Json::String(text)) => Some(text),
            _ => None,
        };
        let (Some(said), signature) = (text_of(DIGEST), text_of(SIGNATURE)) else {
            return Err(InvalidSavedPlan::NotSaved);
        };
        if digest(&document) != said {
            return Err(InvalidSavedPlan::Changed);
        }
        let made_by = document.get("accreditVersion").and_then(Json::as_str).unwrap_or_default();
        if made_by != env!("CARGO_PKG_VERSION") {
            return Err(InvalidSavedPlan::OtherVersion { made_by: made_by.to_owned() });
        }
        let observed = document.shift_remove(OBSERVED).unwrap_or_default();
        let made_from = document.shift_remove(MADE_FROM).unwrap_or_default();
        let observed: BTreeMap<Address, Observed> =
            serde_json::from_value(observed).map_err(|_| InvalidSavedPlan::NotSaved)?;
        let made_from = serde_json::from_value(made_from).map_err(|_| InvalidSavedPlan::NotSaved)?;
        plan.observed = observed;
        let signature = signature.map(|value| Signature { signed: said, value });
        Ok(Self { plan, made_from, signature })
    }

    /// Whether a text is meant as a plan, saved or printed, and not as a manifest.
    pub fn is_meant(text: &str) -> bool {
        serde_json::from_str::<Map<String, Json>>(text).is_ok_and(|document| document.contains_key("formatVersion"))
    }

    /// How long ago it was made.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.plan.now)
    }
}

fn value_text(document: &Json) -> String {
    serde_json::to_string_pretty(document).expect("JSON can be written")
}

/// The SHA-256 of all that a document says, however its white space is.
fn digest(document: &Map<String, Json>) -> String {
    let text = serde_json::to_string(document).expect("JSON can be written");
    format!("sha256:{}", sha256(&text))
}
