//! Holds `docs/walkthroughs.md` to what there is: every row of the articles, and behind each a key of manifests, a verb or a
//! document that exists, and a test that does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// How many steps the articles have, and their readers questions.
const STEPS: usize = 74;
const QUESTIONS: usize = 6;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap()
}

#[derive(Debug)]
struct Row {
    id: String,
    by: String,
    test: Option<String>,
}

fn rows() -> Vec<Row> {
    let table = read("docs/walkthroughs.md");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    let rows = table.lines().filter(|line| line.starts_with("| S") || line.starts_with("| R")).map(cells);
    rows.map(|cells| {
        let [id, _, here, by, test] = &cells[..] else { panic!("{cells:?} has not five cells") };
        assert!(!here.is_empty(), "{id} says nothing");
        let test = test.strip_prefix('`').map(|test| test.trim_end_matches('`').to_owned());
        Row { id: id.clone(), by: by.clone(), test }
    })
    .collect()
}

/// The names of all tests of the repository.
fn tests(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                    names
                        .insert(rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect());
                    is_test = false;
                }
            }
        }
    }
}

/// Where a key leads in the schema of manifests: through references, choices, lists and maps with free names.
fn members<'a>(schema: &'a Json, node: &'a Json, name: &str, found: &mut Vec<&'a Json>) {
    if let Some(reference) = node["$ref"].as_str() {
        let definition = &schema["definitions"][reference.rsplit('/').next().unwrap()];
        members(schema, definition, name, found);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        for node in node[choice].as_array().into_iter().flatten() {
            members(schema, node, name, found);
        }
    }
    for inner in ["items", "additionalProperties"] {
        if node[inner].is_object() {
            members(schema, &node[inner], name, found);
        }
    }
    if let Some(member) = node["properties"].get(name) {
        found.push(member);
    }
}

fn is_key(schema: &Json, path: &str) -> bool {
    let begins = [schema, &schema["definitions"]["ApplicationSpecification"]];
    begins.into_iter().any(|begin| {
        let mut nodes = vec![begin];
        for name in path.split('.') {
            let mut found = Vec::new();
            for node in nodes {
                members(schema, node, name, &mut found);
            }
            nodes = found;
        }
        !nodes.is_empty()
    })
}

/// Whether the program knows a verb, such as `certificate inspect`.
fn is_verb(words: &str) -> bool {
    let words = words.split_whitespace();
    Command::new(env!("CARGO_BIN_EXE_accredit")).args(words).arg("--help").output().unwrap().status.success()
}

/// Whether a document has the heading that an address leads to.
fn is_document(address: &str) -> bool {
    let (file, heading) = address.split_once('#').unwrap_or((address, ""));
    let Ok(text) = std::fs::read_to_string(repository("docs").join(file)) else { return false };
    let anchor = |line: &str| -> String {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ' || *letter == '-');
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    heading.is_empty() || text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading)
}

#[test]
fn every_row_of_the_articles_has_an_answer() {
    let ids: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    let steps = (1..=STEPS).map(|number| format!("S{number}"));
    let expected: Vec<String> = steps.chain((1..=QUESTIONS).map(|number| format!("R{number}"))).collect();
    assert_eq!(ids, expected);
}

#[test]
fn the_answers_exist() {
    let schema: Json = serde_json::from_str(&read("schemas/manifest.schema.json")).unwrap();
    let mut names = BTreeSet::new();
    tests(&repository("tests"), &mut names);
    tests(&repository("src"), &mut names);
    let mut wrong = Vec::new();
    for Row { id, by, test } in rows() {
        for answer in by.split(", ") {
            let is_there = if let Some(code) = answer.strip_prefix('`').and_then(|code| code.strip_suffix('`')) {
                match code.strip_prefix("accredit ") {
                    Some(words) => is_verb(words),
                    None => is_key(&schema, code),
                }
            } else {
                answer.split_once("](").is_some_and(|(_, address)| is_document(address.trim_end_matches(')')))
            };
            if !is_there {
                wrong.push(format!("{id}: {answer}"));
            }
        }
        if let Some(test) = test.filter(|test| !names.contains(test)) {
            wrong.push(format!("{id}: there is no test `{test}`"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
