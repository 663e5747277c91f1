//! The real binary: exit codes, what goes to which stream, what it says when something is wrong.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

use super::world::{TENANT, one_of_everything};

fn accredit(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    command.current_dir(directory).args(arguments).env_remove("NO_COLOR").env_remove("ACCREDIT_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    accredit(directory, arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A working directory with one manifest.
fn directory(manifest: &str) -> tempfile::TempDir {
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
        "validate",
        "plan",
        "apply",
        "destroy",
        "restore",
        "show",
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
    assert!(connect.contains(&format!("-Organization \"{TENANT}\"")), "{connect}");
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
    assert_eq!(parsed["formatVersion"], "1.0");
    assert_eq!(parsed["summary"]["add"], 5);
    let text = run(path, &[&["plan", "--emulator", "--out", "saved.json"][..], &now].concat());
    assert_eq!(std::fs::read_to_string(path.join("saved.json")).unwrap(), out(&json));
    let shown = run(path, &["show", "saved.json"]);
    assert_eq!(out(&shown), out(&text));
    let markdown = run(path, &["show", "saved.json", "--format", "markdown"]);
    assert!(out(&markdown).starts_with("## Accredit: 5 to add"), "{}", out(&markdown));
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

fn control(url: &str, method: &str, path: &str, body: &Json) -> Json {
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
fn a_real_tenant_is_declined_clearly() {
    let directory = directory(&one_of_everything("exo"));
    let output = run(directory.path(), &["plan"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("--emulator"), "{}", err(&output));
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
        assert!(out(&planned).starts_with("No changes."), "{given}: {}", out(&planned));
    }
    assert!(out(&run(path, &["plan", "--emulator", "manifests"])).starts_with("No changes."));
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

/// The process is killed while it writes, at no chosen moment; the next run finishes.
#[test]
fn a_killed_apply_is_finished_by_the_next() {
    for writes in 1..=4 {
        let directory = directory(&one_of_everything("exo"));
        let path = directory.path();
        let file = format!(".accredit/emulator/{TENANT}.json");
        let mut server = accredit(path, &["emulate", "--file", &file, "--domain", TENANT]).spawn().unwrap();
        let url = url_of(&mut server);
        let mut apply = accredit(path, &APPLY).spawn().unwrap();
        while apply.try_wait().unwrap().is_none() && count_writes(&url) < writes {
            std::thread::yield_now();
        }
        let _ = apply.kill();
        apply.wait().unwrap();
        let again = run(path, &APPLY);
        assert!(again.status.success(), "{}", err(&again));
        let planned = run(path, &["plan", "--emulator"]);
        assert!(out(&planned).starts_with("No changes."), "{}", out(&planned));
        let keys = std::fs::read_dir(path.join(".accredit/keys/exo/main")).unwrap();
        assert_eq!(
            keys.filter(|entry| !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.')).count(),
            1
        );
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

fn url_of(server: &mut Child) -> String {
    use std::io::BufRead as _;
    let lines = std::io::BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("ACCREDIT_EMULATOR=")).unwrap();
    line.trim_start_matches("ACCREDIT_EMULATOR=").to_owned()
}

fn count_writes(url: &str) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let log: Json = runtime
        .block_on(async { reqwest::get(format!("{url}/_emulator/requests")).await?.json().await })
        .unwrap_or(Json::Null);
    let log = log.as_array().into_iter().flatten();
    log.filter(|entry| entry["method"] != "GET" && !entry["path"].as_str().unwrap_or_default().contains("/oauth2/"))
        .count()
}

/// A password and a key are looked for in everything that comes out, at the highest log level.
#[test]
fn no_secret_comes_out() {
    let manifest = one_of_everything("exo").replace("{ generate: true }", "{ env: ACCREDIT_TEST_CANARY }");
    let directory = directory(&manifest);
    let path = directory.path();
    let canary = "canary-5d1f0c2a-password";
    let mut shown = String::new();
    for arguments in [&APPLY[..], &["plan", "--emulator", "--json"], &["plan", "--emulator", "--format", "markdown"]] {
        let output = accredit(path, arguments)
            .env("ACCREDIT_TEST_CANARY", canary)
            .env("ACCREDIT_LOG", "trace")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", err(&output));
        shown += &out(&output);
        shown += &err(&output);
    }
    assert!(shown.contains("/applications"), "the log is on");
    assert!(!shown.contains(canary), "the password is in the output");
    let slot = path.join(".accredit/keys/exo/main");
    let generation = std::fs::read_dir(slot).unwrap().next().unwrap().unwrap().path();
    let key = std::fs::read_to_string(generation.join("private-key.pem")).unwrap();
    for line in key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!shown.contains(line), "a line of the private key is in the output");
    }
    let tenant = std::fs::read_to_string(path.join(format!(".accredit/emulator/{TENANT}.json"))).unwrap();
    let secret = tenant.split("\"client_secret\":\"").nth(1).or_else(|| tenant.split("\"clientSecret\":\"").nth(1));
    let secret = secret.and_then(|rest| rest.split('"').next()).expect("the tenant's file holds the operator's secret");
    assert!(!shown.contains(secret), "the operator's secret is in the output");
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
