//! The plan as JSON, and back: the form in which it is saved and read by other programs. `docs/plan-format.md` says
//! what each field means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Counts, Plan};

/// Major version: a reader must know it. Minor version: fields were added.
pub const FORMAT_VERSION: &str = "2.0";

/// A plan as other programs read it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// `major.minor`: a reader has to know the major number, and passes over fields that it does not know.
    format_version: String,
    /// The version of Accredit that made it.
    accredit_version: String,
    summary: Counts,
    /// What an apply would do to one tenant, in the order in which it would.
    #[serde(flatten)]
    plan: Plan,
}

/// A text that is no plan this version can read.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPlan {
    #[error("it is not a plan in JSON: {0}")]
    NotAPlan(String),
    #[error("its format version is {0}, and this version of Accredit reads {FORMAT_VERSION}")]
    Version(String),
}

/// The plan as one JSON document, ending in a newline.
pub fn json(plan: &Plan) -> String {
    let document = Document {
        format_version: FORMAT_VERSION.to_owned(),
        accredit_version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: plan.counts(),
        plan: plan.clone(),
    };
    let text = serde_json::to_string_pretty(&document);
    // Every key is text and nothing in a plan can fail to serialize.
    text.expect("a plan is always representable as JSON") + "\n"
}

pub fn from_json(text: &str) -> Result<Plan, InvalidPlan> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        format_version: String,
    }
    let not_a_plan = |error: serde_json::Error| InvalidPlan::NotAPlan(error.to_string());
    let Version { format_version } = serde_json::from_str(text).map_err(not_a_plan)?;
    if format_version.split('.').next() != FORMAT_VERSION.split('.').next() {
        return Err(InvalidPlan::Version(format_version));
    }
    let document: Document = serde_json::from_str(text).map_err(not_a_plan)?;
    Ok(document.plan)
}
