//! The schema of plans: it is what the types say, and every plan that a scenario expects is held by it. A schema checker that
//! nobody here wrote judges that, and SARIF by the standard's own schema.

use std::path::Path;
use std::process::Command;

use accredit::render::{json, sarif};
use accredit::saved;
use serde_json::Value as Json;

use super::plans::{estate, expected, expected_json, repository, scenarios, with_findings};

#[test]
fn the_schema_in_the_repository_is_the_one_of_the_types() {
    let there = std::fs::read_to_string(repository("schemas/plan.schema.json")).unwrap();
    assert!(there == saved::schema(), "write it anew: `cargo run -- schema --plan > schemas/plan.schema.json`");
}

/// What the checker says of each document: nothing where it is as the schema wants it.
fn judged(schema: &str, documents: &[String]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..documents.len()).map(|number| directory.path().join(format!("{number}.json"))).collect();
    for (file, document) in files.iter().zip(documents) {
        std::fs::write(file, document).unwrap();
    }
    let python = std::env::var("ACCREDIT_PYTHON").expect("ACCREDIT_PYTHON names a Python with jsonschema");
    let script = repository("tests/interop/json_schema.py");
    let output = Command::new(python).arg(script).arg(schema).args(&files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn plan_schema() -> String {
    repository("schemas/plan.schema.json").display().to_string()
}

#[test]
#[ignore = "needs Python with jsonschema at ACCREDIT_PYTHON; .ci/run makes one"]
fn every_expected_plan_is_as_its_schema_says() {
    let mut plans: Vec<String> = scenarios().iter().map(|scenario| expected_json(scenario)).collect();
    plans.extend([json(&estate(3)), json(&with_findings())]);
    for (number, said) in judged(&plan_schema(), &plans).iter().enumerate() {
        assert!(said.is_empty(), "{number}: {said}");
    }
}

/// What is no plan is not held by it.
#[test]
#[ignore = "needs Python with jsonschema at ACCREDIT_PYTHON; .ci/run makes one"]
fn a_plan_with_a_piece_missing_is_refused_by_the_schema() {
    let whole: Json = serde_json::from_str(&json(&estate(6))).unwrap();
    let broken = |pointer: &str, name: &str, value: Option<Json>| {
        let mut document = whole.clone();
        let object = document.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        assert!(object.remove(name).is_some(), "{pointer}/{name}");
        object.extend(value.map(|value| (name.to_owned(), value)));
        document.to_string()
    };
    let documents = [
        broken("", "steps", None),
        broken("", "now", Some("today".into())),
        broken("/steps/0", "action", Some("explode".into())),
        broken("/steps/0", "after", None),
        broken("/steps/0/reason", "code", Some("whim".into())),
        broken("/steps/0", "address", Some("nowhere".into())),
        broken("/steps/0/after/thumbprint/knownAfterApply", "of", None),
        broken("/certificates/0/generations/0", "state", Some("lost".into())),
    ];
    for (number, said) in judged(&plan_schema(), &documents).iter().enumerate() {
        assert!(!said.is_empty(), "{}", documents[number]);
    }
}

#[test]
#[ignore = "needs Python with jsonschema at ACCREDIT_PYTHON; .ci/run makes one"]
fn sarif_is_as_its_standard_says() {
    let mut documents: Vec<String> = scenarios().iter().map(|scenario| sarif(&expected(scenario))).collect();
    let last = sarif(&with_findings());
    documents.extend([last.clone(), last.replace("\"level\": \"error\"", "\"level\": \"terrible\"")]);
    let said = judged("sarif", &documents);
    let (broken, sound) = said.split_last().unwrap();
    assert!(broken.contains("terrible"), "{broken}");
    assert!(sound.iter().all(String::is_empty), "{sound:?}");
}

/// The expected SARIF of scenarios is what the files hold.
#[test]
fn the_expected_sarif_stands_beside_the_expected_plan() {
    let mut compared = 0;
    for scenario in scenarios() {
        let file: &Path = &scenario.join("plan.sarif.json");
        let findings = expected(&scenario).findings.len();
        if findings == 0 {
            assert!(!file.exists(), "{}", file.display());
            continue;
        }
        let document: Json = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(document["runs"][0]["results"].as_array().unwrap().len(), findings);
        compared += 1;
    }
    assert!(compared > 0);
}
