//! One folder each under `tests/scenarios`: manifests, what somebody changes in the tenant meanwhile, and the plan that
//! is expected as text, JSON, markdown and SARIF. `ACCREDIT_BLESS=1 cargo test` writes what is not as expected.
//!
//! A scenario has the steps `1`, `2`, … . Each step's `*.yaml` are the manifests from then on, its `tenant.json` is a list
//! of requests by somebody else, its `now` an instant; where there is a file `destroy`, everything is to go. The plan is compared,
//! carried out unless a policy denies it, and then has to be empty, unless a file `more` says that the next step goes on with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use accredit::kinds::Intent;
use accredit::model::{Finding, Rule, Severity};
use accredit::render::{Paint, from_json, json, markdown, sarif, text};
use serde_json::Value as Json;

use super::world::{World, repository};

/// Ids are made up anew in each run; they are numbered in the order in which they appear.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn replace(&mut self, shown: &str) -> String {
        let mut out = String::new();
        let mut rest = shown;
        while !rest.is_empty() {
            let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
            if token.is_empty() {
                let next = rest.chars().next().unwrap();
                out.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            }
            rest = &rest[token.len()..];
            out += &self.name(&token);
        }
        out
    }

    fn name(&mut self, token: &str) -> String {
        let random_guid = token.len() == 36 && b"48".contains(&token.as_bytes()[14]) && !is_known(token);
        let thumbprint = token.len() == 40 && token.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        // Ids of consents and role assignments: base64 of GUIDs.
        let encoded = token.len() >= 43 && token.bytes().any(|c| c.is_ascii_uppercase()) && !thumbprint;
        // Of what is random in a subject.
        if token.len() == 32 && token.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)) {
            return "FINGERPRINT".to_owned();
        }
        if !random_guid && !thumbprint && !encoded {
            return token.to_owned();
        }
        if thumbprint {
            // Two in one set stand in the order of their digits, which is another one in each run.
            return "THUMBPRINT".to_owned();
        }
        let number = self.0.len() + 1;
        let kind = if random_guid { "guid" } else { "id" };
        self.0.entry(token.to_owned()).or_insert_with(|| format!("{kind}-{number}")).clone()
    }
}

/// Ids that are the same in every tenant, though they look random; and the tenant's own.
fn is_known(token: &str) -> bool {
    const FACTS: [&str; 2] =
        [include_str!("../../src/facts/permissions.tsv"), include_str!("../../src/facts/directory-roles.tsv")];
    token == super::world::TENANT_ID || FACTS.iter().any(|facts| facts.contains(token))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn compare(file: &Path, shown: &str, differences: &mut Vec<String>) {
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    if expected == shown {
        return;
    }
    if std::env::var_os("ACCREDIT_BLESS").is_some() {
        std::fs::write(file, shown).unwrap();
    } else {
        let diff = similar::TextDiff::from_lines(expected.as_str(), shown);
        differences.push(format!("{}:\n{}", file.display(), diff.unified_diff()));
    }
}

async fn play(scenario: &Path) -> Vec<String> {
    let mut differences = Vec::new();
    let mut names = Names::default();
    let mut world = World::new().await;
    for step in entries(scenario).into_iter().filter(|path| path.is_dir()) {
        let files = entries(&step);
        let manifests: Vec<&PathBuf> =
            files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml")).collect();
        if !manifests.is_empty() {
            let directory = world.directory.path().join("manifests");
            let _ = std::fs::remove_dir_all(&directory);
            for manifest in manifests {
                let name = manifest.file_name().unwrap().to_str().unwrap();
                world.write(name, &std::fs::read_to_string(manifest).unwrap());
            }
        }
        if let Ok(now) = std::fs::read_to_string(step.join("now")) {
            world.turn_to(now.trim().parse().unwrap()).await;
        }
        if let Ok(changes) = std::fs::read_to_string(step.join("tenant.json")) {
            let changes: Vec<Json> = serde_json::from_str(&changes).unwrap();
            for change in changes {
                somebody_else(&world, &change).await;
            }
        }
        let desired = world.desired();
        let intent = if step.join("destroy").exists() { Intent::Destroy } else { Intent::Reconcile };
        let plan = world.try_plan(&desired, intent).await.unwrap();
        // Whoever reads the JSON reads all that the others say.
        assert_eq!(text(&from_json(&json(&plan)).unwrap(), Paint::PLAIN), text(&plan, Paint::PLAIN));
        let directory = world.directory.path().to_str().unwrap().to_owned();
        let mut shown = |text: String| names.replace(&text.replace(&directory, "/work"));
        compare(&step.join("plan.txt"), &shown(text(&plan, Paint::PLAIN)), &mut differences);
        compare(&step.join("plan.json"), &shown(json(&plan)), &mut differences);
        compare(&step.join("plan.md"), &shown(markdown(&plan)), &mut differences);
        if !plan.findings.is_empty() {
            compare(&step.join("plan.sarif.json"), &shown(sarif(&plan)), &mut differences);
        }
        let is_denied =
            |finding: &Finding| finding.rule == Rule::Policy && finding.severity == Severity::Error && !finding.removed;
        if plan.findings.iter().any(is_denied) {
            continue;
        }
        let report = world.run(&desired, intent).await;
        assert!(report.is_complete(), "{report:#?}");
        let left = world.try_plan(&desired, intent).await.unwrap();
        let goes_on = step.join("more").exists();
        assert!(goes_on != left.is_empty(), "{} a second plan:\n{}", step.display(), text(&left, Paint::PLAIN));
    }
    differences
}

/// One request, in whose path and body `{name}` stands for what `GET` of `where.name` gives at `take.name`.
async fn somebody_else(world: &World, change: &Json) {
    let mut text = change.to_string();
    for (name, read) in change["where"].as_object().into_iter().flatten() {
        let found = world.read(read["path"].as_str().unwrap()).await;
        let found = found.pointer(read["take"].as_str().unwrap()).unwrap().as_str().unwrap();
        text = text.replace(&format!("{{{name}}}"), found);
    }
    let change: Json = serde_json::from_str(&text).unwrap();
    world.admin(change["method"].as_str().unwrap(), change["path"].as_str().unwrap(), change["body"].clone()).await;
}

#[tokio::test]
async fn every_scenario_is_planned_as_expected() {
    let mut differences = Vec::new();
    let scenarios = entries(&repository("tests/scenarios"));
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        differences.extend(play(&scenario).await);
    }
    assert!(
        differences.is_empty(),
        "not as expected (`ACCREDIT_BLESS=1 cargo test --test apply` writes what is shown):\n{}",
        differences.join("\n")
    );
}
