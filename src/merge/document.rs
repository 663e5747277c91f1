//! The document of a run over several estates.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::shard::Shard;

/// The version of the document of several estates, by the rules of `docs/plan-format.md`.
pub(super) const FORMAT_VERSION: &str = "1.0";

/// What tells such a document from that of a plan.
pub(super) const KIND: &str = "estates";

/// Where a SARIF log or a line of events says which shard it is from.
pub(super) const SHARD: &str = "accreditShard";

/// What came of one estate.
#[derive(Clone, Debug, Serialize)]
pub struct Reported {
    /// As the manifests name it; none, where they do not.
    pub tenant: Option<String>,
    pub estate: Option<String>,
    /// Where its manifests are.
    pub paths: Vec<String>,
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The document that the run would have printed for this estate alone.
    Plan(Value),
    /// The manifests are valid; they declare so many applications.
    Valid { applications: usize },
    /// There is no result, and why.
    Error(Refusal),
}

/// Why an estate has no result.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    pub message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One document for all estates of a run, ending in a newline.
pub fn document(estates: &[Reported], shard: Option<Shard>) -> String {
    let estates = estates.iter().map(|estate| json!(estate)).collect();
    text(&whole(estates, shard.map(|shard| (shard.of, vec![shard.number]))))
}

/// The document of these estates, and of these shards where there are any: how many there are, and which are in it.
pub(super) fn whole(estates: Vec<Value>, shards: Option<(u32, Vec<u32>)>) -> Value {
    let mut document = Map::new();
    document.insert("formatVersion".to_owned(), FORMAT_VERSION.into());
    document.insert("accreditVersion".to_owned(), env!("CARGO_PKG_VERSION").into());
    document.insert("kind".to_owned(), KIND.into());
    if let Some((of, numbers)) = shards {
        document.insert("shards".to_owned(), json!({ "of": of, "numbers": numbers }));
    }
    document.insert("estates".to_owned(), Value::Array(estates));
    Value::Object(document)
}

/// The line by which lines of JSON say which shard they are from.
pub fn shard_line(Shard { number, of }: Shard) -> Value {
    json!({ "type": "shard", SHARD: { "of": of, "numbers": [number] } })
}

/// One SARIF log of the logs of several estates, with all their runs. An estate that has an error for a result is a run that
/// did not succeed.
pub fn sarif(estates: Vec<Reported>, shard: Option<Shard>) -> String {
    let mut whole: Option<Value> = None;
    let mut runs: Vec<Value> = Vec::new();
    for Reported { tenant, estate, paths, outcome } in estates {
        match outcome {
            Outcome::Plan(mut log) => {
                runs.extend(log.get_mut("runs").map(Value::take).into_iter().flat_map(runs_of));
                whole = whole.or(Some(log));
            }
            Outcome::Valid { applications: _ } => {}
            Outcome::Error(Refusal { message, causes, hint: _ }) => {
                let name = [tenant, estate].into_iter().flatten().collect::<Vec<String>>().join("/");
                let name = if name.is_empty() { paths.join(", ") } else { name };
                let text = [vec![message], causes].concat().join(": ");
                runs.push(json!({
                    "tool": { "driver": { "name": "Accredit", "version": env!("CARGO_PKG_VERSION") } },
                    "automationDetails": { "id": format!("accredit/failed/{name}/") },
                    "invocations": [{
                        "executionSuccessful": false,
                        "toolExecutionNotifications": [{ "level": "error", "message": { "text": text } }],
                    }],
                    "results": [],
                }));
            }
        }
    }
    let mut whole = whole.unwrap_or_else(|| json!({ "version": "2.1.0" }));
    whole["runs"] = Value::Array(runs);
    if let Some(Shard { number, of }) = shard {
        whole["properties"][SHARD] = json!({ "of": of, "numbers": [number] });
    }
    text(&whole)
}

fn runs_of(runs: Value) -> Vec<Value> {
    match runs {
        Value::Array(runs) => runs,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Vec::new(),
    }
}

pub(super) fn text(document: &Value) -> String {
    let text = serde_json::to_string_pretty(document);
    text.expect("a JSON value can always be written") + "\n"
}
