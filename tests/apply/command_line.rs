//! The real binary: exit codes, what goes to which stream, what it says when something is wrong.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

use super::process::url_of;
use super::world::{TENANT, one_of_everything};

pub(crate) fn accredit(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    command.current_dir(directory).args(arguments).env_remove("NO_COLOR").env_remove("ACCREDIT_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Output {
    accredit(directory, arguments).output().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A working directory with one manifest.
pub(crate) fn directory(manifest: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("manifests")).unwrap();
    std::fs::write(directory.path().join("manifests/exo.yaml"), manifest).unwrap();
    directory
}

const APPLY: [&str; 3] = ["apply", "--emulator", "--auto-approve"];

#[test]
fn help_names_every_verb_and_each_verb_shows_an_example() {
    let directory = tempfile::tempdir().unwrap();
    let help = run(directory.path(), &["--help"]);
    assert!(help.status.success());
    assert!(err(&help).is_empty());
    for verb in [
        "init",
        "fmt",
        "merge",
        "validate",
        "plan",
        "apply",
        "verify",
        "rotate",
        "destroy",
        "restore",
        "show",
        "whoami",
        "connect",
        "doctor",
        "certificate",
        "emulate",
        "schema",
        "completions",
        "man",
    ] {
        assert!(out(&help).contains(verb), "{verb}");
        let help = run(directory.path(), &[verb, "--help"]);
        assert!(help.status.success(), "{verb}");
        assert!(out(&help).contains("Example"), "{verb}:\n{}", out(&help));
    }
}

#[test]
fn the_main_job_from_nothing_to_no_changes() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    let planned = run(path, &["plan", "--emulator", "--detailed-exitcode"]);
    assert_eq!(planned.status.code(), Some(2), "{}", err(&planned));
    assert!(out(&planned).contains("Plan: 5 to add, 0 to change, 0 to destroy."), "{}", out(&planned));

    let applied = run(path, &APPLY);
    assert!(applied.status.success(), "{}", err(&applied));
    let shown = out(&applied);
    assert!(shown.contains("Apply complete! Resources: 5 added, 0 changed, 0 destroyed."), "{shown}");
    for word in ["Application id", "Organization", "Thumbprint", "NotBefore", "NotAfter", "CN=exo.example"] {
        assert!(shown.contains(word), "{word}:\n{shown}");
    }
    let connect = shown.lines().find(|line| line.trim_start().starts_with("Connect-ExchangeOnline")).unwrap();
    assert!(connect.contains(&format!("-Organization '{TENANT}'")), "{connect}");
    assert!(err(&applied).contains("exo/application: Creation complete"), "progress is talk: {}", err(&applied));

    let again = run(path, &["plan", "--emulator", "--detailed-exitcode"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(out(&again).starts_with("No changes."), "{}", out(&again));
    assert!(err(&again).is_empty(), "{}", err(&again));
}

#[test]
fn only_yes_is_yes_and_nobody_is_no() {
    let directory = directory(&one_of_everything("exo"));
    let answer = |answer: &str| {
        let mut child: Child =
            accredit(directory.path(), &["apply", "--emulator"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    for refusal in ["", "no\n", "y\n", "YES\n"] {
        let output = answer(refusal);
        assert_eq!(output.status.code(), Some(1), "{refusal:?}");
        assert!(err(&output).contains("nothing was changed"), "{}", err(&output));
        assert!(!directory.path().join(".accredit/keys").exists(), "no key was made");
    }
    let output = answer("yes\n");
    assert!(output.status.success(), "{}", err(&output));
}

#[test]
fn json_alone_goes_to_standard_output_and_show_renders_it_again() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    let now = ["--now", "2026-11-21T12:00:00Z"];
    let json = run(path, &[&["plan", "--emulator", "--json"][..], &now].concat());
    let parsed: Json = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(parsed["formatVersion"], "2.0");
    assert_eq!(parsed["summary"]["add"], 5);
    let text = run(path, &[&["plan", "--emulator", "--out", "saved.json"][..], &now].concat());
    assert_eq!(out(&run(path, &["show", "saved.json", "--json"])), out(&json));
    let shown = run(path, &["show", "saved.json"]);
    assert_eq!(out(&shown), out(&text));
    let markdown = run(path, &["show", "saved.json", "--format", "markdown"]);
    let (marker, rest) = out(&markdown).split_once('\n').map(|(one, two)| (one.to_owned(), two.to_owned())).unwrap();
    assert!(marker.starts_with("<!-- accredit-plan tests "), "{marker}");
    assert!(rest.starts_with("## Accredit: 5 to add"), "{rest}");
    std::fs::write(path.join("bad.json"), "{\"formatVersion\":\"9.0\"}").unwrap();
    let bad = run(path, &["show", "bad.json"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(err(&bad).contains("format version is 9.0"), "{}", err(&bad));
}

/// 2 is kept for "something would change".
#[test]
fn a_wrong_word_exits_with_one() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["plan", "--detailed-exitcode", "--nope"][..], &["nope"], &["plan", "--now", "yesterday"]] {
        let output = run(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(out(&output).is_empty() && !err(&output).is_empty());
    }
}

/// Somebody writes while the question is being read.
#[test]
fn what_moved_after_it_was_planned_is_not_carried_out() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    let mut server = accredit(path, &["emulate"]).spawn().unwrap();
    let url = url_of(&mut server);
    assert!(run(path, &APPLY).status.success());
    let mut destroy = accredit(path, &["destroy", "--emulator"]).stdin(Stdio::piped()).spawn().unwrap();
    // The plan is on the console before the question is asked; then the application is protected.
    let mut shown = std::io::BufReader::new(destroy.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Plan:") {
        line.clear();
        std::io::BufRead::read_line(&mut shown, &mut line).unwrap();
    }
    control(&url, "PATCH", "/v1.0/applications(uniqueName='exo')", &serde_json::json!({ "displayName": "meanwhile" }));
    destroy.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    let output = destroy.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("changed since this plan was made"), "{}", err(&output));
    server.kill().unwrap();
    server.wait().unwrap();
}

pub(crate) fn control(url: &str, method: &str, path: &str, body: &Json) -> Json {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let body = serde_json::json!({ "method": method, "path": path, "body": body });
    runtime.block_on(async {
        let answer = reqwest::Client::new().post(format!("{url}/_emulator/graph")).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Json::Null)
    })
}

#[test]
fn colour_only_where_it_is_wanted() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    let plain = run(path, &["plan", "--emulator"]);
    assert!(!out(&plain).contains('\u{1b}'));
    let painted = run(path, &["plan", "--emulator", "--color", "always"]);
    assert!(out(&painted).contains('\u{1b}'));
}

#[test]
fn every_problem_of_a_manifest_is_shown_with_its_place_before_anything_is_done() {
    let directory = directory(
        &one_of_everything("exo").replace("Exchange.ManageAsApp", "Exchange.Manage.AsApp").replace("roles:", "rolls:"),
    );
    let output = run(directory.path(), &APPLY);
    assert_eq!(output.status.code(), Some(1));
    let shown = err(&output);
    assert!(shown.contains("exo.yaml:10:23"), "{shown}");
    assert!(shown.contains("Exchange.ManageAsApp"), "{shown}");
    assert!(shown.contains("roles"), "{shown}");
    assert!(!directory.path().join(".accredit").exists(), "nothing was begun");
}

#[test]
fn a_password_that_is_not_there_stops_the_run_before_its_first_write() {
    let manifest = one_of_everything("exo").replace("{ generate: true }", "{ env: ACCREDIT_TEST_UNSET }");
    let directory = directory(&manifest);
    let output = run(directory.path(), &APPLY);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("`ACCREDIT_TEST_UNSET`"), "{}", err(&output));
    assert!(!directory.path().join(".accredit/keys").exists());
    let planned = run(directory.path(), &["plan", "--emulator"]);
    assert!(out(&planned).contains("Plan: 5 to add"), "{}", out(&planned));
}

#[test]
fn a_password_is_had_by_apply_alone() {
    let manifest =
        one_of_everything("exo").replace("{ generate: true }", "{ command: touch ran && echo Some.Password }");
    let directory = directory(&manifest);
    for arguments in [&["validate"][..], &["plan", "--emulator"], &["plan", "--emulator", "--json"]] {
        assert!(run(directory.path(), arguments).status.success());
        assert!(!directory.path().join("ran").exists(), "{arguments:?} ran the command");
    }
    assert!(run(directory.path(), &APPLY).status.success());
    assert!(directory.path().join("ran").exists());
}

#[test]
fn a_password_that_the_vault_lacks_is_made_and_put_there() {
    let directory = directory(&one_of_everything("exo").replace("{ generate: true }", "{ keyVault: team/exo-pfx }"));
    let path = directory.path();
    let applied = run(path, &APPLY);
    assert!(applied.status.success(), "{}", err(&applied));
    let place = "(its password: https://team.vault.azure.net/secrets/exo-pfx)";
    assert!(out(&applied).contains(place), "{}", out(&applied));
    let generation = std::fs::read_dir(path.join(".accredit/keys/exo/main")).unwrap().next().unwrap().unwrap().path();
    assert!(!generation.join("exo-main.pfx-password").exists());
    // The second PFX has the same password: it is there now.
    std::fs::remove_file(generation.join("exo-main.pfx")).unwrap();
    let first = secrets_of(path);
    assert_eq!(first.len(), 1);
    assert!(run(path, &APPLY).status.success());
    assert_eq!(secrets_of(path), first);
    std::fs::write(path.join("password"), &first[0]).unwrap();
    let pfx = generation.join("exo-main.pfx");
    let read = run(path, &["certificate", "inspect", pfx.to_str().unwrap(), "--password-file", "password"]);
    assert!(read.status.success(), "{}{}", out(&read), err(&read));
}

/// The values of the secrets in the embedded tenant's vaults.
fn secrets_of(path: &Path) -> Vec<String> {
    let tenant = std::fs::read_to_string(path.join(format!(".accredit/emulator/{TENANT}.json"))).unwrap();
    let documents = tenant.split("\"collection\":\"vaultSecrets\"").skip(1);
    let values = documents.filter_map(|document| document.split("\"~value\":\"").nth(1)?.split('"').next());
    values.map(str::to_owned).collect()
}

#[test]
fn nobody_to_ask_for_a_password_is_found_before_the_first_write() {
    let directory = directory(&one_of_everything("exo").replace("{ generate: true }", "{ prompt: true }"));
    let output = run(directory.path(), &APPLY);
    assert_eq!(output.status.code(), Some(1));
    let said = err(&output);
    assert!(said.contains("the PFX of exo/main needs a password, and there is nobody to ask"), "{said}");
    assert!(said.contains("hint: run it on a terminal"), "{said}");
    let planned = run(directory.path(), &["plan", "--emulator"]);
    assert!(out(&planned).contains("Plan: 5 to add"), "{}", out(&planned));
}

#[test]
fn rotate_begins_and_finishes_and_refuses_what_makes_no_sense() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    let rotate = |more: &[&str]| run(path, &[&["rotate", "exo", "--emulator", "--auto-approve"], more].concat());
    let refused = |more: &[&str], why: &str| {
        let output = rotate(more);
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        assert!(err(&output).contains(why), "{more:?}: {}", err(&output));
    };
    assert!(run(path, &APPLY).status.success());
    refused(&["--finish"], "no rotation is under way");
    refused(&["--certificate", "other"], "`exo` has no certificate `other`");
    let stranger = run(path, &["rotate", "stranger", "--emulator", "--auto-approve"]);
    assert!(err(&stranger).contains("`stranger`"), "{}", err(&stranger));
    // Nobody agreed to it.
    assert_eq!(run(path, &["rotate", "exo", "--emulator"]).status.code(), Some(1));

    let first = rotate(&["--certificate", "main"]);
    assert!(first.status.success(), "{}", err(&first));
    assert!(out(&first).contains("(`accredit rotate` or `--replace` was asked for)"), "{}", out(&first));
    assert!(out(&first).contains("will sign in"), "{}", out(&first));
    refused(&[], "it is being rotated already");
    let planned = run(path, &["plan", "--emulator"]);
    assert!(out(&planned).contains("No changes.") && out(&planned).contains("retiring"), "{}", out(&planned));
    let last = rotate(&["--finish"]);
    assert!(last.status.success(), "{}", err(&last));
    assert!(out(&last).contains("Resources: 0 added, 1 changed, 0 destroyed."), "{}", out(&last));
    let planned = run(path, &["plan", "--emulator"]);
    assert!(out(&planned).starts_with("No changes."), "{}", out(&planned));
}

#[test]
fn a_key_store_that_cannot_be_written_leaves_the_tenant_untouched() {
    let directory = directory(&one_of_everything("exo"));
    std::fs::create_dir_all(directory.path().join(".accredit")).unwrap();
    std::fs::write(directory.path().join(".accredit/keys"), "a file stands where the key store should be").unwrap();
    let output = run(directory.path(), &APPLY);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(".accredit/keys"), "{}", err(&output));
    std::fs::remove_file(directory.path().join(".accredit/keys")).unwrap();
    let planned = run(directory.path(), &["plan", "--emulator"]);
    assert!(out(&planned).contains("Plan: 5 to add"), "{}", out(&planned));
}

#[test]
fn without_an_operator_nothing_is_begun() {
    let directory = directory(&one_of_everything("exo"));
    let output = run(directory.path(), &["plan"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("AZURE_CLIENT_ID"), "{}", err(&output));
}

#[test]
fn only_plans_one_application_and_knows_no_others() {
    let directory = directory(&one_of_everything("exo"));
    std::fs::write(directory.path().join("manifests/two.yaml"), one_of_everything("two")).unwrap();
    let planned = run(directory.path(), &["plan", "--emulator", "--only", "two"]);
    assert!(out(&planned).contains("Plan: 5 to add"), "{}", out(&planned));
    let unknown = run(directory.path(), &["plan", "--emulator", "--only", "three"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).contains("`three`"), "{}", err(&unknown));
}

/// One file of an estate is not the estate: what the others declare is not deleted.
#[test]
fn giving_one_file_of_several_deletes_nothing() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    std::fs::write(path.join("manifests/two.yaml"), one_of_everything("two")).unwrap();
    assert!(run(path, &APPLY).status.success());
    let planned = run(path, &["plan", "--emulator", "manifests/exo.yaml"]);
    assert!(out(&planned).starts_with("No changes."), "{}", out(&planned));
    assert!(err(&planned).contains("Not looked at: `two`"), "{}", err(&planned));
    // Nor does a directory below the estate's, or a file beside one.
    std::fs::create_dir(path.join("manifests/team")).unwrap();
    std::fs::rename(path.join("manifests/two.yaml"), path.join("manifests/team/two.yaml")).unwrap();
    for given in ["manifests/exo.yaml", "manifests/team", "manifests/team/two.yaml"] {
        let planned = run(path, &["plan", "--emulator", given]);
        assert!(out(&planned).contains("No changes."), "{given}: {}", out(&planned));
    }
    assert!(out(&run(path, &["plan", "--emulator", "manifests"])).contains("No changes."));
    std::fs::rename(path.join("manifests/team/two.yaml"), path.join("manifests/two.yaml")).unwrap();
    // With the other file gone, the one that is given is the whole estate.
    std::fs::remove_file(path.join("manifests/two.yaml")).unwrap();
    let planned = run(path, &["plan", "--emulator", "manifests/exo.yaml"]);
    assert!(out(&planned).contains("two/application will be destroyed"), "{}", out(&planned));
}

#[test]
fn destroy_and_restore() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    assert!(run(path, &APPLY).status.success());
    let destroyed = run(path, &["destroy", "--emulator", "--auto-approve"]);
    assert!(
        out(&destroyed).contains("Destroy complete! Resources: 0 added, 0 changed, 1 destroyed."),
        "{}",
        err(&destroyed)
    );
    let refused = run(path, &["plan", "--emulator"]);
    assert!(err(&refused).contains("accredit restore exo"), "{}", err(&refused));
    let restored = run(path, &["restore", "--emulator", "--auto-approve", "exo"]);
    assert!(restored.status.success(), "{}", err(&restored));
    assert!(run(path, &APPLY).status.success());
    let planned = run(path, &["plan", "--emulator"]);
    assert!(out(&planned).starts_with("No changes."), "{}", out(&planned));
}

/// An earlier restore came to the application and not to its service principal, which holds consent and roles.
#[test]
fn a_restore_that_stopped_half_way_is_finished_by_the_next() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    let mut server = accredit(path, &["emulate"]).spawn().unwrap();
    let url = url_of(&mut server);
    assert!(run(path, &APPLY).status.success());
    assert!(run(path, &["destroy", "--emulator", "--auto-approve"]).status.success());
    let deleted = control(&url, "GET", "/v1.0/directory/deletedItems/microsoft.graph.application", &Json::Null);
    let id = deleted["value"][0]["id"].as_str().unwrap();
    control(&url, "POST", &format!("/v1.0/directory/deletedItems/{id}/restore"), &serde_json::json!({}));
    let restored = run(path, &["restore", "--emulator", "--auto-approve", "exo"]);
    assert!(restored.status.success(), "{}", err(&restored));
    let planned = run(path, &["plan", "--emulator"]);
    assert!(out(&planned).starts_with("No changes."), "{}", out(&planned));
    let again = run(path, &["restore", "--emulator", "--auto-approve", "exo"]);
    assert!(err(&again).contains("is not deleted"), "{}", err(&again));
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn one_key_store_in_two_spellings_is_locked_once() {
    let directory = directory(&one_of_everything("exo"));
    let path = directory.path();
    let absolute = path.join(".accredit/keys").display().to_string();
    std::fs::write(path.join("manifests/two.yaml"), one_of_everything("two").replace("../.accredit/keys", &absolute))
        .unwrap();
    let applied = run(path, &APPLY);
    assert!(applied.status.success(), "{}", err(&applied));
}

#[test]
fn completions_manual_and_schema_are_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert!(out(&run(path, &["completions", "bash"])).contains("accredit"));
    assert!(run(path, &["man", "pages"]).status.success());
    assert!(path.join("pages/accredit-apply.1").exists());
    let schema: Json = serde_json::from_slice(&run(path, &["schema"]).stdout).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
}
