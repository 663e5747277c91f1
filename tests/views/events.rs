//! Events: a plan's by value, a run's by the real program.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use accredit::render::json_lines;
use serde_json::Value as Json;

use super::plans::{estate, with_findings};

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn types(events: &[Json]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn of<'e>(events: &'e [Json], wanted: &str) -> Vec<&'e Json> {
    events.iter().filter(|event| event["type"] == wanted).collect()
}

#[test]
fn a_plan_is_told_from_its_version_to_its_counts() {
    let mut plan = estate(6);
    plan.findings = with_findings().findings;
    plan.notices = vec!["it takes its time".to_owned()];
    let events = lines(&json_lines(&plan));
    assert_eq!(types(&events)[..5], ["version", "tenant", "finding", "finding", "notice"]);
    assert_eq!(of(&events, "plannedStep").len(), plan.steps.len());
    let last = events.last().unwrap();
    assert_eq!(last["type"], "planSummary");
    assert_eq!(last["summary"]["destroy"], 1);
    for event in &events {
        assert_eq!(event["time"], "2026-11-21T12:00:00Z");
        assert!(!event["message"].as_str().unwrap().is_empty(), "{event}");
        assert!(["info", "warning", "error"].contains(&event["level"].as_str().unwrap()), "{event}");
    }
    assert_eq!(events[2]["fingerprint"], plan.findings[0].fingerprint());
    assert_eq!(of(&events, "plannedStep")[0]["step"]["address"], "app-0000/certificate/main");
}

const MANIFEST: &str = "tenant: contoso.onmicrosoft.com
estate: tests
applications:
  exo:
    displayName: EXO automated
    permissions:
      - api: Office 365 Exchange Online
        application: [Exchange.ManageAsApp]
    certificates:
      main:
        dnsNames: [exo.example]
        store: { directory: ../keys }
        export: [pfx]
        pfxPassword: { generate: true }
    roles: [Exchange Administrator]
";

fn directory(manifest: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("manifests")).unwrap();
    std::fs::write(directory.path().join("manifests/exo.yaml"), manifest).unwrap();
    directory
}

fn run(directory: &Path, arguments: &[&str]) -> (Output, Vec<Json>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    let output = command.args(arguments).current_dir(directory).stdin(Stdio::null()).output().unwrap();
    let events = lines(&String::from_utf8(output.stdout.clone()).unwrap());
    (output, events)
}

const APPLY: [&str; 4] = ["apply", "--emulator", "--auto-approve", "--json"];

#[test]
fn a_run_is_told_step_by_step_and_nothing_else_is_printed() {
    let directory = directory(MANIFEST);
    let (output, events) = run(directory.path(), &[&APPLY[..], &["--verify"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let planned: Vec<&Json> = of(&events, "plannedStep").iter().map(|event| &event["step"]["address"]).collect();
    assert_eq!(planned.len(), 5, "{:?}", types(&events));
    let place = |kind: &str, address: &Json| {
        events.iter().position(|event| event["type"] == kind && event["address"] == *address).unwrap()
    };
    for address in &planned {
        assert!(place("applyStart", address) < place("applyComplete", address), "{address}");
    }
    let summary = of(&events, "applySummary")[0];
    assert_eq!((&summary["summary"]["add"], &summary["complete"]), (&5.into(), &true.into()));
    assert_eq!(events.last().unwrap()["type"], "verified");
    assert_eq!(events.last().unwrap()["verification"]["passed"], true);
    // What was made stays where it was made.
    let said = String::from_utf8(output.stdout).unwrap();
    let slot = std::fs::read_dir(directory.path().join("keys/exo/main")).unwrap().next().unwrap().unwrap().path();
    let password = std::fs::read_to_string(slot.join("exo-main.pfx-password")).unwrap();
    assert!(!said.contains("PRIVATE KEY") && !said.contains(password.trim()) && password.trim().len() > 8);

    let (output, events) = run(directory.path(), &APPLY);
    assert!(output.status.success());
    assert_eq!(types(&events), ["version", "tenant", "planSummary", "applySummary"]);
}

#[test]
fn nobody_is_asked_where_programs_read() {
    let directory = directory(MANIFEST);
    let (output, events) = run(directory.path(), &["apply", "--emulator", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["level"]), (&"error".into(), &"error".into()));
    assert!(last["hint"].as_str().unwrap().contains("--auto-approve"), "{last}");
    assert!(!directory.path().join("keys").exists(), "nothing was made");
}

#[test]
fn a_saved_plan_is_carried_out_with_events() {
    let directory = directory(MANIFEST);
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    let saved = command.args(["plan", "--emulator", "--out", "plan.json"]).current_dir(&directory).output().unwrap();
    assert!(saved.status.success());
    let (output, events) = run(directory.path(), &["apply", "--emulator", "--json", "plan.json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(of(&events, "applyComplete").len(), 5);
}

#[test]
fn a_run_that_fails_says_so_last() {
    let directory = directory(&MANIFEST.replace("displayName", "displayNmae"));
    let (output, events) = run(directory.path(), &APPLY);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(types(&events), ["version", "error"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("displayNmae"));
}

/// A key store that cannot be written to: one step fails, and those that need it are not tried.
#[test]
fn a_step_that_fails_is_told_with_its_cause() {
    let directory = directory(MANIFEST);
    std::fs::write(directory.path().join("keys"), "a file where a directory should be").unwrap();
    let (output, events) = run(directory.path(), &APPLY);
    assert_eq!(output.status.code(), Some(1));
    if let [failed] = of(&events, "applyErrored")[..] {
        assert_eq!(failed["address"], "exo/certificate/main");
        assert!(failed["errors"].as_array().unwrap().len() > 1, "{failed}");
        assert!(!of(&events, "applySkipped").is_empty());
        assert_eq!(of(&events, "applySummary")[0]["complete"], false);
    }
    assert_eq!(events.last().unwrap()["type"], "error", "{:?}", types(&events));
}
