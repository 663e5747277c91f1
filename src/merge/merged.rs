//! Several result documents as one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::document::{self, FORMAT_VERSION, KIND, SHARD};

/// A document and the name of the file that it is in.
#[derive(Clone, Debug)]
pub struct Part {
    pub name: String,
    pub text: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The one document, ending in a newline.
    pub text: String,
    /// Shards of which there is no document, such as `3/16`.
    pub missing: Vec<String>,
    /// Estates that have an error for a result.
    pub failed: Vec<String>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MergeError {
    #[error("`{name}` is no result of Accredit: {why}")]
    NotAResult { name: String, why: String },
    #[error("`{name}` is {kind}, and `{first}` is {first_kind}")]
    Differ { name: String, kind: &'static str, first: String, first_kind: &'static str },
    #[error("{what} is in `{first}` and again in `{name}`")]
    Twice { what: String, first: String, name: String },
    #[error("`{name}` is of {of} shards, and `{first}` is of {first_of}")]
    OtherShards { name: String, of: u32, first: String, first_of: u32 },
}

enum Kind {
    Estates(Vec<Value>),
    Sarif(Value),
    Lines(Vec<Value>),
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Estates(_) => "a document of estates or a plan",
            Self::Sarif(_) => "a SARIF log",
            Self::Lines(_) => "lines of JSON",
        }
    }
}

/// Puts results together: documents of estates and plans, or SARIF logs, or lines of JSON. The order of `parts` is that of
/// the result.
pub fn merge(parts: &[Part]) -> Result<Merged, MergeError> {
    let mut seen = Seen::default();
    let mut shards = Shards::default();
    let mut whole: Option<(String, Kind)> = None;
    for part in parts {
        let read = read(part)?;
        shards.add(&part.name, &read)?;
        seen.add(&part.name, &read)?;
        let (kind, first) = match &mut whole {
            None => {
                whole = Some((part.name.clone(), read));
                continue;
            }
            Some((first, kind)) => (kind, first),
        };
        match (kind, read) {
            (Kind::Estates(estates), Kind::Estates(more)) => estates.extend(entries(more)),
            (Kind::Sarif(log), Kind::Sarif(more)) => {
                let mut runs = array(log.get("runs")).to_vec();
                runs.extend(array(more.get("runs")).iter().cloned());
                log["runs"] = Value::Array(runs);
            }
            (Kind::Lines(lines), Kind::Lines(more)) => lines.extend(more),
            (kind, read) => {
                let (name, first) = (part.name.clone(), first.clone());
                return Err(MergeError::Differ { name, kind: read.name(), first, first_kind: kind.name() });
            }
        }
    }
    let kept = shards.of.as_ref().map(|(_, of)| (*of, shards.numbers.keys().copied().collect::<Vec<u32>>()));
    let (text, failed) = match whole.map(|(_, kind)| kind) {
        None => (document::text(&document::whole(Vec::new(), None)), Vec::new()),
        Some(Kind::Estates(estates)) => {
            let estates = entries(estates);
            let failed = estates.iter().filter(|estate| estate.get("error").is_some()).map(name_of).collect();
            (document::text(&document::whole(estates, kept)), failed)
        }
        Some(Kind::Sarif(mut log)) => {
            if let Some((of, numbers)) = kept {
                log["properties"][SHARD] = json!({ "of": of, "numbers": numbers });
            }
            (document::text(&log), Vec::new())
        }
        Some(Kind::Lines(lines)) => (one_text(&lines), Vec::new()),
    };
    Ok(Merged { text, missing: shards.missing(), failed })
}

/// Lines, each with its end.
fn one_text(lines: &[Value]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

fn read(part: &Part) -> Result<Kind, MergeError> {
    let wrong = |why: &str| MergeError::NotAResult { name: part.name.clone(), why: why.to_owned() };
    match serde_json::from_str::<Value>(&part.text) {
        Ok(document) if document.get("kind").and_then(Value::as_str) == Some(KIND) => {
            let version = document.get("formatVersion").and_then(Value::as_str).unwrap_or_default();
            if version.split('.').next() != FORMAT_VERSION.split('.').next() {
                return Err(wrong(&format!("its format version is `{version}`, and {FORMAT_VERSION} is read")));
            }
            Ok(Kind::Estates(vec![document]))
        }
        Ok(document) if document.get("runs").is_some_and(Value::is_array) => Ok(Kind::Sarif(document)),
        Ok(document) if document.get("steps").is_some() && document.get("estate").is_some() => {
            Ok(Kind::Estates(vec![json!({ "estates": [{
                "tenant": document.get("organization"),
                "estate": document.get("estate"),
                "paths": [],
                "plan": document,
            }] })]))
        }
        Ok(_) if part.text.trim_end().contains('\n') || part.text.trim().is_empty() => {
            Err(wrong("it is neither a plan nor a document of estates nor a SARIF log"))
        }
        Ok(_) | Err(_) => {
            let lines: Result<Vec<Value>, _> =
                part.text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str).collect();
            match lines {
                Ok(lines) if !lines.is_empty() && lines.iter().all(Value::is_object) => Ok(Kind::Lines(lines)),
                Ok(_) => Err(wrong("it is empty")),
                Err(error) => Err(wrong(&format!("it is no JSON ({error})"))),
            }
        }
    }
}

fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The estates in documents of estates; estates are taken as they are.
fn entries(documents: Vec<Value>) -> Vec<Value> {
    let is_document = |value: &Value| value.get("estates").is_some_and(Value::is_array);
    documents
        .into_iter()
        .flat_map(|value| if is_document(&value) { array(value.get("estates")).to_vec() } else { vec![value] })
        .collect()
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// An estate as messages call it.
fn name_of(estate: &Value) -> String {
    match (text_of(estate, "tenant"), text_of(estate, "estate")) {
        ("", "") => array(estate.get("paths")).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        (tenant, name) => format!("the estate `{name}` of `{tenant}`"),
    }
}

/// What was met, with the file in which it was.
#[derive(Default)]
struct Seen(BTreeMap<String, (String, String)>);

impl Seen {
    fn add(&mut self, name: &str, read: &Kind) -> Result<(), MergeError> {
        let mut marks: BTreeSet<(String, String)> = BTreeSet::new();
        match read {
            Kind::Estates(documents) => {
                for estate in entries(documents.clone()) {
                    // One tenant has several names, and its id where it could be read.
                    let of_plan = |key: &str| estate.get("plan").map(|plan| text_of(plan, key).to_owned());
                    let names =
                        [Some(text_of(&estate, "tenant").to_lowercase()), of_plan("tenant"), of_plan("organization")];
                    let names: BTreeSet<String> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
                    for tenant in names {
                        let mark = format!("{tenant}\n{}", text_of(&estate, "estate"));
                        if !marks.insert((mark, name_of(&estate))) {
                            let (what, first) = (name_of(&estate), name.to_owned());
                            return Err(MergeError::Twice { what, first: first.clone(), name: first });
                        }
                    }
                }
            }
            Kind::Sarif(log) => {
                for run in array(log.get("runs")) {
                    let id = run.pointer("/automationDetails/id").and_then(Value::as_str);
                    let what = id.map_or_else(|| "the same run".to_owned(), |id| format!("the run `{id}`"));
                    marks.insert((id.map_or_else(|| run.to_string(), str::to_owned), what));
                }
            }
            Kind::Lines(lines) => {
                for line in lines {
                    let (tenant, estate) = (text_of(line, "tenant"), text_of(line, "estate"));
                    if !estate.is_empty() {
                        marks.insert((format!("{tenant}\n{estate}"), name_of(line)));
                    }
                }
                let whole = one_text(lines);
                marks.insert((whole, "the same".to_owned()));
            }
        }
        for (mark, what) in marks {
            if let Some((first, _)) = self.0.insert(mark, (name.to_owned(), what.clone())) {
                return Err(MergeError::Twice { what, first, name: name.to_owned() });
            }
        }
        Ok(())
    }
}

/// The shards of which there are documents.
#[derive(Default)]
struct Shards {
    /// How many there are, as the first document said.
    of: Option<(String, u32)>,
    numbers: BTreeMap<u32, String>,
}

impl Shards {
    fn add(&mut self, name: &str, read: &Kind) -> Result<(), MergeError> {
        let stated: Vec<&Value> = match read {
            Kind::Estates(documents) => documents.iter().filter_map(|document| document.get("shards")).collect(),
            Kind::Sarif(log) => {
                log.get("properties").and_then(|properties| properties.get(SHARD)).into_iter().collect()
            }
            Kind::Lines(lines) => lines.iter().filter_map(|line| line.get(SHARD)).collect(),
        };
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        for shards in stated {
            let Some(of) = shards.get("of").and_then(number) else { continue };
            match &self.of {
                Some((first, first_of)) if *first_of != of => {
                    let (name, first) = (name.to_owned(), first.clone());
                    return Err(MergeError::OtherShards { name, of, first, first_of: *first_of });
                }
                Some(_) => {}
                None => self.of = Some((name.to_owned(), of)),
            }
            for number in array(shards.get("numbers")).iter().filter_map(number) {
                if let Some(first) = self.numbers.insert(number, name.to_owned()) {
                    let what = format!("the shard {number}/{of}");
                    return Err(MergeError::Twice { what, first, name: name.to_owned() });
                }
            }
        }
        Ok(())
    }

    fn missing(&self) -> Vec<String> {
        let Some((_, of)) = &self.of else { return Vec::new() };
        (1..=*of).filter(|number| !self.numbers.contains_key(number)).map(|number| format!("{number}/{of}")).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::super::{Outcome, Refusal, Reported, Shard, document, sarif};
    use super::*;

    fn estate(tenant: &str, outcome: Outcome) -> Reported {
        Reported {
            tenant: Some(tenant.to_owned()),
            estate: Some("x".to_owned()),
            paths: vec![tenant.to_owned()],
            outcome,
        }
    }

    fn part(name: &str, text: String) -> Part {
        Part { name: name.to_owned(), text }
    }

    fn refusal() -> Outcome {
        Outcome::Error(Refusal { message: "no".to_owned(), causes: Vec::new(), hint: None })
    }

    #[test]
    fn shards_become_one_document_in_which_none_is_missing() {
        let of = |number: u32, tenants: &[&str]| {
            let estates: Vec<Reported> =
                tenants.iter().map(|tenant| estate(tenant, Outcome::Valid { applications: 1 })).collect();
            part(&number.to_string(), document(&estates, Some(Shard::new(number, 3).unwrap())))
        };
        let merged = merge(&[of(1, &["a", "b"]), of(3, &[])]).unwrap();
        assert_eq!(merged.missing, ["2/3"]);
        let merged = merge(&[part("first", merged.text), of(2, &["c"])]).unwrap();
        assert_eq!((merged.missing, merged.failed), (Vec::new(), Vec::new()));
        let value: Value = serde_json::from_str(&merged.text).unwrap();
        assert_eq!(value["shards"], json!({ "of": 3, "numbers": [1, 2, 3] }));
        assert_eq!(array(value.get("estates")).len(), 3);
        let twice = merge(&[of(1, &["a"]), of(1, &["b"])]).unwrap_err();
        assert_eq!(twice.to_string(), "the shard 1/3 is in `1` and again in `1`");
    }

    #[test]
    fn an_error_is_a_result() {
        let estates = [estate("a", refusal()), estate("b", Outcome::Plan(json!({ "tenant": "id" })))];
        let merged = merge(&[part("one", document(&estates, None))]).unwrap();
        assert_eq!(merged.failed, ["the estate `x` of `a`"]);
    }

    #[test]
    fn what_is_there_twice_is_refused_also_under_another_name_of_its_tenant() {
        let plan = |tenant: &str| estate(tenant, Outcome::Plan(json!({ "tenant": "6f1d", "organization": "c" })));
        let one = part("one", document(&[plan("contoso.com")], None));
        let other = part("other", document(&[plan("c")], None));
        let MergeError::Twice { first, name, .. } = merge(&[one, other]).unwrap_err() else { panic!() };
        assert_eq!((first.as_str(), name.as_str()), ("one", "other"));
    }

    #[test]
    fn sarif_logs_keep_their_runs() {
        let log = |id: &str| {
            let log = json!({ "version": "2.1.0", "runs": [{ "automationDetails": { "id": id }, "results": [] }] });
            estate(id, Outcome::Plan(log))
        };
        let one = part("1", sarif(vec![log("a"), log("b"), estate("d", refusal())], Some(Shard::new(1, 2).unwrap())));
        let two = part("2", sarif(vec![log("c")], Some(Shard::new(2, 2).unwrap())));
        let merged = merge(&[one.clone(), two]).unwrap();
        assert_eq!(merged.missing, Vec::<String>::new());
        let value: Value = serde_json::from_str(&merged.text).unwrap();
        assert_eq!(array(value.get("runs")).len(), 4);
        assert_eq!(value["runs"][2]["invocations"][0]["executionSuccessful"], json!(false));
        assert!(merge(&[one.clone(), part("again", sarif(vec![log("b")], None))]).is_err());
        let lines = part("lines", "{\"a\":1}\n{\"b\":2}\n".to_owned());
        assert!(matches!(merge(&[one, lines]).unwrap_err(), MergeError::Differ { .. }));
    }

    #[test]
    fn lines_follow_each_other() {
        let lines = |tenant: &str| format!("{{\"tenant\":\"{tenant}\",\"estate\":\"x\"}}\n{{\"type\":\"end\"}}\n");
        let merged = merge(&[part("1", lines("a")), part("2", lines("b"))]).unwrap();
        assert_eq!(merged.text, lines("a") + &lines("b"));
        assert!(merge(&[part("1", lines("a")), part("2", lines("a"))]).is_err());
    }

    #[test]
    fn what_is_no_result_is_refused() {
        for text in ["", "no", "[]", "{\n}", "{\"kind\":\"estates\",\"formatVersion\":\"9.0\"}"] {
            let error = merge(&[part("x", text.to_owned())]).unwrap_err();
            assert!(matches!(error, MergeError::NotAResult { .. }), "{text}: {error}");
        }
    }
}
