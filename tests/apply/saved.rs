//! Saved plans keep their word: what was reviewed is done, or nothing is.

use std::path::Path;
use std::process::{Child, Command, Output};

use serde_json::{Value as Json, json};

use super::command_line::{accredit, control, directory, err, out, run};
use super::process::url_of;
use super::world::one_of_everything;

/// A tenant that is served, and a directory with a manifest for it.
struct Scene {
    directory: tempfile::TempDir,
    server: Child,
    url: String,
}

impl Scene {
    fn new() -> Self {
        let directory = directory(&one_of_everything("exo"));
        let mut server = accredit(directory.path(), &["emulate"]).spawn().unwrap();
        let url = url_of(&mut server);
        Self { directory, server, url }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.path(), arguments)
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
        out(&output) + &err(&output)
    }

    /// What it says when it refuses, and that it wrote nothing.
    fn refused(&self, arguments: &[&str]) -> String {
        let before = self.tenant();
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", out(&output));
        assert_eq!(self.tenant(), before, "{arguments:?} changed something");
        err(&output)
    }

    fn save(&self, arguments: &[&str]) {
        let all: Vec<&str> = ["plan", "--emulator", "--out", "plan.json"].iter().chain(arguments).copied().collect();
        self.succeed(&all);
    }

    fn tenant(&self) -> Json {
        control(&self.url, "GET", "/v1.0/applications", &Json::Null)
    }

    fn declare(&self, from: &str, to: &str) {
        let manifest = one_of_everything("exo");
        assert!(manifest.contains(from));
        std::fs::write(self.path().join("manifests/exo.yaml"), manifest.replace(from, to)).unwrap();
    }

    fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path().join("plan.json")).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.path().join("plan.json"), text.replacen(from, to, 1)).unwrap();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

const APPLY: [&str; 3] = ["apply", "--emulator", "plan.json"];

#[test]
fn what_was_reviewed_is_done_without_a_question() {
    let scene = Scene::new();
    scene.save(&[]);
    assert!(scene.succeed(&["show", "plan.json"]).contains("Plan: 5 to add"));
    let applied = scene.succeed(&APPLY);
    assert!(applied.contains("Apply complete! Resources: 5 added"), "{applied}");
    assert!(scene.succeed(&["plan", "--emulator"]).starts_with("No changes."));
    let again = scene.refused(&APPLY);
    assert!(again.contains("exo/application was not there and is"), "{again}");
    scene.save(&["--destroy"]);
    assert!(scene.succeed(&APPLY).contains("Destroy complete! Resources: 0 added, 0 changed, 1 destroyed."));
}

#[test]
fn what_moved_is_named_with_its_field_before_and_after() {
    let scene = Scene::new();
    scene.succeed(&["apply", "--emulator", "--auto-approve"]);
    scene.declare("displayName: ", "displayName: New ");
    scene.save(&[]);
    let application = "/v1.0/applications(uniqueName='exo')";
    let before = control(&scene.url, "GET", application, &Json::Null)["displayName"].clone();
    control(&scene.url, "PATCH", application, &json!({ "displayName": "Meanwhile" }));
    let said = scene.refused(&APPLY);
    assert!(said.contains(&format!("exo/application: displayName was {before} and is \"Meanwhile\"")), "{said}");
    assert!(said.contains("plan again"), "{said}");
    // As it was: the plan is good again.
    control(&scene.url, "PATCH", application, &json!({ "displayName": before }));
    let id = control(&scene.url, "GET", application, &Json::Null)["id"].as_str().unwrap().to_owned();
    control(
        &scene.url,
        "POST",
        &format!("/v1.0/applications/{id}/addPassword"),
        &json!({ "passwordCredential": { "displayName": "left behind" } }),
    );
    let said = scene.refused(&APPLY);
    assert!(said.contains("found since") && said.contains("left behind"), "{said}");
}

#[test]
fn what_was_not_reviewed_is_not_done() {
    let scene = Scene::new();
    scene.save(&["--now", "2026-11-28T12:00:00Z"]);
    let at = |instant: &'static str| ["apply", "--emulator", "plan.json", "--now", instant];
    let late = scene.refused(&at("2026-11-29T12:00:01Z"));
    assert!(late.contains("made at 2026-11-28T12:00:00Z, more than 24 h ago"), "{late}");
    let early = scene.refused(&at("2026-11-28T11:00:00Z"));
    assert!(early.contains("yet to come"), "{early}");
    let now = at("2026-11-28T12:30:00Z");
    assert!(scene.refused(&[&now[..], &["--only", "exo"]].concat()).contains("says itself what it is for"));
    assert!(scene.refused(&[&now[..], &["manifests"]].concat()).contains("other paths were given beside it"));
    assert!(scene.refused(&[&now[..], &["--verify-key", "no.pub"]].concat()).contains("no signature can be checked"));
    scene.declare("displayName: ", "displayName: New ");
    let other = scene.refused(&now);
    assert!(other.contains("from other manifests: `manifests/exo.yaml` changed since"), "{other}");
    scene.declare("displayName: ", "displayName: ");
    scene.edit("\"Exchange.ManageAsApp\"", "\"Something.Else\"");
    assert!(scene.refused(&now).contains("was changed after it was saved"));
    scene.edit("\"formatVersion\": \"2.", "\"formatVersion\": \"9.");
    assert!(scene.refused(&now).contains("its format version is 9."));
    let printed = scene.succeed(&["plan", "--emulator", "--json"]);
    std::fs::write(scene.path().join("plan.json"), printed).unwrap();
    assert!(scene.refused(&now).contains("was not saved with `accredit plan --out`"));
    assert!(scene.refused(&["destroy", "--emulator", "plan.json"]).contains("plan.json"));
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn a_plan_that_somebody_stands_for() {
    let scene = Scene::new();
    let openssl = |arguments: &[&str]| {
        let made = Command::new("openssl").current_dir(scene.path()).args(arguments).output().unwrap();
        assert!(made.status.success(), "{}", err(&made));
    };
    for name in ["plan", "other"] {
        openssl(&["genpkey", "-algorithm", "ed25519", "-out", &format!("{name}.key")]);
        openssl(&["pkey", "-in", &format!("{name}.key"), "-pubout", "-out", &format!("{name}.pub")]);
    }
    let with = |key: &'static str| ["apply", "--emulator", "plan.json", "--verify-key", key];
    scene.save(&[]);
    assert!(scene.refused(&with("plan.pub")).contains("is not signed"));
    scene.save(&["--sign", "plan.key"]);
    assert!(scene.refused(&with("other.pub")).contains("was not signed with the key of `--verify-key`"));
    // Whoever edits a plan can make its digest, and cannot sign it.
    scene.edit("\"signature\": \"", "\"signature\": \"AAAA");
    assert!(scene.refused(&with("plan.pub")).contains("was not signed with the key of `--verify-key`"));
    scene.save(&["--sign", "plan.key"]);
    assert!(scene.succeed(&with("plan.pub")).contains("Apply complete!"));
    assert!(
        scene.refused(&["plan", "--emulator", "--out", "p", "--sign", "plan.pub"]).contains("plans cannot be signed")
    );
    assert!(scene.refused(&["apply", "--emulator", "--verify-key", "plan.pub"]).contains("no saved plan"));
}

#[test]
fn a_saved_plan_is_for_the_part_that_it_was_made_for() {
    let scene = Scene::new();
    std::fs::write(scene.path().join("manifests/other.yaml"), one_of_everything("other")).unwrap();
    scene.save(&["--target", "ex*", "--exclude", "*/roleAssignment"]);
    let shown = scene.succeed(&["show", "plan.json"]);
    assert!(
        shown.contains("Note: this plan is partial: only `ex*` was looked at, without `*/roleAssignment`"),
        "{shown}"
    );
    assert!(shown.contains("Plan: 4 to add"), "{shown}");
    let said = scene.refused(&["apply", "--emulator", "--target", "other", "plan.json"]);
    assert!(said.contains("`--target` was given beside a saved plan"), "{said}");
    scene.edit("\"ex*\"", "\"*\"");
    assert!(scene.refused(&APPLY).contains("it was changed after it was saved"));
    scene.edit("\"*\"", "\"ex*\"");
    assert!(scene.succeed(&APPLY).contains("Resources: 4 added"));
    assert!(scene.succeed(&["plan", "--emulator", "--only", "exo"]).contains("Plan: 1 to add"));
    scene.succeed(&["apply", "--emulator", "--auto-approve", "--parallelism", "1"]);
    scene.save(&["--replace", "exo/certificate/main"]);
    let said = scene.refused(&["apply", "--emulator", "--replace", "exo/certificate/main", "plan.json"]);
    assert!(said.contains("`--replace` was given beside a saved plan"), "{said}");
    let applied = scene.succeed(&APPLY);
    assert!(applied.contains("(`accredit rotate` or `--replace` was asked for)"), "{applied}");
    scene.save(&["--destroy", "--exclude", "exo"]);
    assert!(scene.succeed(&APPLY).contains("Destroy complete! Resources: 0 added, 0 changed, 1 destroyed."));
    assert!(scene.succeed(&["plan", "--emulator", "--target", "exo"]).contains("No changes."));
}

#[test]
fn what_is_not_to_be_had_is_refused_with_what_is() {
    let scene = Scene::new();
    scene.succeed(&["apply", "--emulator", "--auto-approve"]);
    let refused = |arguments: &[&str]| {
        let all: Vec<&str> = ["plan", "--emulator"].iter().chain(arguments).copied().collect();
        scene.refused(&all)
    };
    let said = refused(&["--target", "exa"]);
    assert!(said.contains("`exa` is neither declared nor an application of the estate `tests`"), "{said}");
    assert!(said.contains("there is `exo`"), "{said}");
    let said = refused(&["--exclude", "nobody/roleAssignment"]);
    assert!(said.contains("`--exclude nobody/roleAssignment`"), "{said}");
    let said = refused(&["--target", "exo/certificat"]);
    assert!(said.contains("did you mean `exo/certificate`"), "{said}");
    assert!(refused(&["--target", "exo//x"]).contains("write `HANDLE`, `HANDLE/kind` or `HANDLE/kind/name`"));
    assert!(refused(&["--refresh-only"]).contains("`accredit drift` shows what differs"));
    assert!(refused(&["--replace", "exo/application"]).contains("another appId"));
    assert!(
        refused(&["--replace", "exo/certificate/main", "--exclude", "exo/certificate"])
            .contains("not among what is selected")
    );
    let said = scene.refused(&["verify", "--emulator", "--target", "ex"]);
    assert!(said.contains("`ex` is neither declared"), "{said}");
    let said = scene.refused(&["verify", "--emulator", "--target", "exo/certificate/main"]);
    assert!(said.contains("one is proven whole"), "{said}");
    assert!(scene.refused(&["apply", "--emulator", "--parallelism", "65"]).contains("1..=64"));
}
