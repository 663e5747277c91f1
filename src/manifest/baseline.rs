//! Baselines: which findings of `accredit drift` somebody has accepted. Read as manifests are, with every problem at once and
//! each with its place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{Acceptance, BaselineEntry, Problem, Terms};

use super::findings::Findings;
use super::source::Sources;
use super::tree::Node;
use super::{files, in_order, schema, shape, tree};

/// The version of the form that is written and read.
const VERSION: &str = "1";

/// Findings of `accredit drift` that somebody has accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Accredit baseline")]
struct BaselineSpecification {
    /// The version of this form: `"1"`.
    #[expect(dead_code, reason = "it is checked with its place")]
    baseline: String,
    /// One entry for each finding.
    #[expect(dead_code, reason = "entries are read one by one, each with its place")]
    accepted: Vec<EntrySpecification>,
}

/// One finding that is accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EntrySpecification {
    /// The finding's fingerprint, as `accredit drift --format json` and `--write-baseline` give it.
    fingerprint: String,
    /// For people: its rule. What is written has to be true, or nothing is accepted.
    rule: Option<String>,
    /// For people: what it was found on. What is written has to be true, or nothing is accepted.
    address: Option<String>,
    /// For people: what it said.
    #[expect(dead_code, reason = "it is for people")]
    message: Option<String>,
    /// Who answers for it.
    owner: String,
    /// Why it is accepted.
    reason: String,
    /// The last day on which it is accepted, as `2027-01-31`, in UTC.
    #[schemars(example = &"2027-01-31")]
    expires: String,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<BaselineSpecification>);

/// What came of reading a baseline.
#[derive(Debug)]
pub struct LoadedBaseline {
    /// There only when there is no problem.
    pub acceptances: Option<Vec<Acceptance>>,
    pub problems: Vec<Problem>,
    /// The text that the problems point into.
    pub sources: Sources,
}

/// Reads a baseline. A relative path begins at `working_directory`.
pub fn load_baseline(path: &Path, working_directory: &Path) -> LoadedBaseline {
    let mut findings = Findings::default();
    let mut acceptances = Vec::new();
    let mut sources = Sources::default();
    let is_directory = working_directory.join(path).is_dir();
    let (read, problems) =
        if is_directory { (Vec::new(), Vec::new()) } else { files::read(&[PathBuf::from(path)], working_directory) };
    if is_directory {
        findings.problems.push(Problem::error(format!("the baseline `{}` is a directory", path.display())));
    }
    findings.problems.extend(problems);
    for file in read {
        if file.is_text {
            let (tree, problems) = tree::parse(&file.source);
            findings.problems.extend(problems);
            if let Some(sound) = tree.and_then(|tree| shape::check_as("the baseline", &tree, &SCHEMA, &mut findings)) {
                acceptances = lowered(&sound, &mut findings);
            }
        }
        sources.insert(file.source);
    }
    sources.hide(&findings.secrets);
    let problems = in_order(findings.problems);
    LoadedBaseline { acceptances: problems.is_empty().then_some(acceptances), problems, sources }
}

fn lowered(node: &Node, findings: &mut Findings) -> Vec<Acceptance> {
    if let Some(version) = node.entry("baseline")
        && version.value.to_json() != VERSION
    {
        let help = "this version of Accredit reads `baseline: \"1\"`";
        findings.error_with_help("the baseline has another form", &version.value.place, help);
    }
    let items = node.entry("accepted").map(|entry| &entry.value);
    let items = items.map_or(&[][..], Node::items);
    let mut first: BTreeMap<String, &Node> = BTreeMap::new();
    let mut acceptances = Vec::new();
    for item in items {
        let Ok(entry) = serde_json::from_value::<EntrySpecification>(item.to_json()) else { continue };
        let EntrySpecification { fingerprint, rule, address, message: _, owner, reason, expires } = entry;
        let place = |key: &str| item.entry(key).map_or(&item.place, |entry| &entry.value.place);
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if fingerprint.len() != 32 || !fingerprint.chars().all(is_hex) {
            let help = "copy it from `accredit drift --format json`, or have `--write-baseline` write the entry";
            findings.error_with_help("a fingerprint has 32 hexadecimal digits", place("fingerprint"), help);
            continue;
        }
        if let Some(before) = first.insert(fingerprint.clone(), item) {
            let before = before.entry("fingerprint").map_or(&before.place, |entry| &entry.value.place);
            findings.twice("this finding is accepted twice", place("fingerprint"), before);
        }
        for (key, text) in [("owner", &owner), ("reason", &reason)] {
            if text.trim().is_empty() {
                findings.error(format!("`{key}` is empty"), place(key));
            }
        }
        let Ok(expires) = expires.parse::<Date>() else {
            findings.error_with_help("`expires` is no day", place("expires"), "write a day such as `2027-01-31`");
            continue;
        };
        let place = place("fingerprint").clone();
        acceptances.push(Acceptance { fingerprint, rule, address, terms: Terms { owner, reason, expires }, place });
    }
    acceptances
}

/// A baseline as YAML, each entry with what people should read of it.
pub fn baseline_text(entries: &[BaselineEntry]) -> String {
    // JSON's texts are YAML's too, whatever stands in them.
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let mut text = format!(
        "# Findings of `accredit drift` that somebody has accepted. An entry ends with the day of `expires`, and counts again after it.\n\
         baseline: \"{VERSION}\"\naccepted:"
    );
    if entries.is_empty() {
        text.push_str(" []\n");
        return text;
    }
    text.push('\n');
    for entry in entries {
        let BaselineEntry { fingerprint, rule, address, message, terms: Terms { owner, reason, expires } } = entry;
        for (index, (key, value)) in [
            ("fingerprint", quoted(fingerprint)),
            ("rule", rule.clone()),
            ("address", quoted(address)),
            ("message", quoted(message)),
            ("owner", quoted(owner)),
            ("reason", quoted(reason)),
            ("expires", expires.to_string()),
        ]
        .into_iter()
        .enumerate()
        {
            let lead = if index == 0 { "  - " } else { "    " };
            let _ = writeln!(text, "{lead}{key}: {value}");
        }
    }
    text
}
