//! Several estates in one run of the real binary: two tenants, each served by an emulator of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

use super::command_line::{accredit, err, out, run};
use super::process::url_of;

/// A tenant that is served while this lives.
struct Served(Child);

impl Served {
    /// Serves a tenant where `--emulator` looks for it, below a working directory.
    fn new(directory: &Path, tenant: &str) -> (Self, String) {
        let file = format!(".accredit/emulator/{tenant}.json");
        let mut server = Command::new(env!("CARGO_BIN_EXE_accredit"))
            .args(["emulate", "--file", &file, "--domain", tenant])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = url_of(&mut server);
        (Self(server), url)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn manifest(tenant: &str, estate: &str) -> String {
    format!("tenant: {tenant}\nestate: {estate}\napplications:\n  app:\n    displayName: App of {tenant}\n")
}

/// A working directory with one estate in each directory below `estates`.
fn estates(of: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in of {
        let place = directory.path().join("estates").join(name);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("all.yaml"), text).unwrap();
    }
    directory
}

fn two() -> tempfile::TempDir {
    estates(&[
        ("contoso", &manifest("contoso.onmicrosoft.com", "messaging")),
        ("fabrikam", &manifest("fabrikam.onmicrosoft.com", "messaging")),
    ])
}

#[test]
fn a_tenant_that_fails_never_hides_the_others() {
    let directory = two();
    let path = directory.path();
    let (_contoso, url) = Served::new(path, "contoso.onmicrosoft.com");
    let (_fabrikam, _) = Served::new(path, "fabrikam.onmicrosoft.com");
    let both = ["plan", "--emulator", "--detailed-exitcode", "estates/contoso", "estates/fabrikam"];
    let planned = run(path, &both);
    assert_eq!(planned.status.code(), Some(2), "{}", err(&planned));
    for tenant in ["contoso", "fabrikam"] {
        let heading = format!("# the estate messaging of {tenant}.onmicrosoft.com");
        assert!(out(&planned).contains(&heading), "{}", out(&planned));
    }
    assert!(err(&planned).contains("2 estates, none failed."), "{}", err(&planned));

    // From here on nobody may read the first tenant.
    let order = json!([{ "service": "graph", "then": { "status": 403, "code": "Authorization_RequestDenied" } }]);
    let http = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    http.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.post(format!("{url}/_emulator/faults")).json(&order).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    });
    for at_once in ["1", "2"] {
        let arguments = ["plan", "--emulator", "--json", "--estates-at-once", at_once, "estates"];
        let planned = run(path, &arguments);
        assert_eq!(planned.status.code(), Some(1), "{}", err(&planned));
        let document: Json = serde_json::from_str(&out(&planned)).unwrap();
        assert_eq!(document["kind"], "estates");
        let [contoso, fabrikam] = document["estates"].as_array().unwrap().as_slice() else { panic!("{document:#}") };
        assert_eq!((&contoso["tenant"], &contoso["estate"]), (&json!("contoso.onmicrosoft.com"), &json!("messaging")));
        assert!(contoso["error"]["message"].as_str().unwrap().contains("the tenant could not be read"), "{contoso:#}");
        assert!(contoso["error"]["causes"].to_string().contains("403"), "{contoso:#}");
        assert_eq!(fabrikam["plan"]["summary"]["add"], json!(2), "{fabrikam:#}");
        assert_eq!(fabrikam["paths"], json!(["estates/fabrikam"]));
        let said = err(&planned);
        assert!(said.contains("2 estates, 1 failed: the estate messaging of contoso.onmicrosoft.com."), "{said}");
    }
    // Alone, the other one is fine, and prints what it always printed.
    let alone = run(path, &["plan", "--emulator", "--json", "estates/fabrikam"]);
    assert!(alone.status.success(), "{}", err(&alone));
    assert!(serde_json::from_str::<Json>(&out(&alone)).unwrap()["steps"].is_array());
}

#[test]
fn broken_manifests_are_the_result_of_their_own_estate() {
    let directory = estates(&[
        ("a", &manifest("a.onmicrosoft.com", "x")),
        ("b", "tenant: b.onmicrosoft.com\nestate: x\napplications: [\n"),
        ("c", &(manifest("c.onmicrosoft.com", "x") + "    colour: red\n")),
        ("d", &manifest("d.onmicrosoft.com", "x")),
    ]);
    let output = run(directory.path(), &["validate", "estates/a/", "estates/b/", "estates/c/", "estates/d/"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&output).matches("Valid: 1 application").count(), 2, "{}", out(&output));
    assert!(err(&output).contains("4 estates, 2 failed"), "{}", err(&output));
    let output = run(directory.path(), &["validate", "--json", "estates"]);
    let document: Json = serde_json::from_str(&out(&output)).unwrap();
    let message = document["estates"][2]["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("estates/c/all.yaml:6:5: ") && message.contains("colour"), "{message}");
    assert_eq!(document["estates"][3]["valid"], json!({ "applications": 1 }));
}

#[test]
fn what_belongs_together_stays_together() {
    let valid = |directory: &tempfile::TempDir, paths: &[&str]| run(directory.path(), &[&["validate"], paths].concat());
    // The same tenant and estate, wherever it lies.
    let same = estates(&[
        ("a", &manifest("a.onmicrosoft.com", "x")),
        ("b", &manifest("a.onmicrosoft.com", "x").replace("app:", "other:")),
        ("c", &manifest("c.onmicrosoft.com", "x")),
    ]);
    let output = valid(&same, &["estates"]);
    assert!(
        out(&output).contains("Valid: 2 applications") && out(&output).contains("Valid: 1 application "),
        "{}",
        err(&output)
    );
    // Further files of a directory belong to what its files say.
    let more = estates(&[("a", &manifest("a.onmicrosoft.com", "x")), ("c", &manifest("c.onmicrosoft.com", "x"))]);
    let inner = more.path().join("estates/a/deep");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("more.yaml"), "applications:\n  deep:\n    displayName: Deep\n").unwrap();
    assert!(out(&valid(&more, &["estates"])).contains("Valid: 2 applications"));
    // Different ones in one directory are a mistake, as ever, and no two estates.
    std::fs::write(more.path().join("estates/a/wrong.yaml"), "tenant: c.onmicrosoft.com\n").unwrap();
    let output = valid(&more, &["estates/a"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("wrong.yaml") && !err(&output).contains("estates, "), "{}", err(&output));
    // What could belong to either is told.
    std::fs::write(more.path().join("estates/shared.yaml"), "defaults: { owners: [] }\n").unwrap();
    let output = valid(&more, &["estates"]);
    assert!(err(&output).contains("`estates/shared.yaml` says neither `tenant` nor `estate`"), "{}", err(&output));
    // A saved plan is of one estate.
    let output = run(same.path(), &["plan", "--emulator", "--out", "plan.json", "estates"]);
    assert!(err(&output).contains("a saved plan is of one estate"), "{}", err(&output));
}

#[test]
fn shards_take_each_estate_once_and_are_merged() {
    let names: Vec<String> = (0..12).map(|number| format!("t{number}")).collect();
    let manifests: Vec<String> = names.iter().map(|name| manifest(&format!("{name}.onmicrosoft.com"), "x")).collect();
    let of: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(manifests.iter().map(String::as_str)).collect();
    let directory = estates(&of);
    let path = directory.path();
    let shard = |number: u32| {
        let output = run(path, &["validate", "--json", "--shard", &format!("{number}/3"), "estates"]);
        assert!(output.status.success(), "{}", err(&output));
        std::fs::write(path.join(format!("{number}.json")), out(&output)).unwrap();
        serde_json::from_str::<Json>(&out(&output)).unwrap()
    };
    let tenants = |document: &Json| {
        let all =
            document["estates"].as_array().unwrap().iter().map(|estate| estate["tenant"].as_str().unwrap().to_owned());
        all.collect::<Vec<String>>()
    };
    let shards: Vec<Json> = (1..=3).map(shard).collect();
    let mut all: Vec<String> = shards.iter().flat_map(tenants).collect();
    all.sort();
    let mut expected: Vec<String> = names.iter().map(|name| format!("{name}.onmicrosoft.com")).collect();
    expected.sort();
    assert_eq!(all, expected);

    // By the environment of an Indexed Job, whose numbers begin with 0.
    let indexed = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = accredit(path, &[&["validate", "--json", "estates"], arguments].concat());
        command.env_remove("JOB_COMPLETIONS").envs(variables.iter().copied());
        command.output().unwrap()
    };
    for output in [
        indexed(&["--shards", "3"], &[("JOB_COMPLETION_INDEX", "1")]),
        indexed(&[], &[("JOB_COMPLETION_INDEX", "1"), ("JOB_COMPLETIONS", "3")]),
    ] {
        assert_eq!(serde_json::from_str::<Json>(&out(&output)).unwrap(), shards[1], "{}", err(&output));
        assert!(err(&output).contains("Shard 2/3: "), "{}", err(&output));
    }
    let output = indexed(&["--shards", "3"], &[]);
    assert!(err(&output).contains("JOB_COMPLETION_INDEX is not set"), "{}", err(&output));
    let output = indexed(&["--shards", "3"], &[("JOB_COMPLETION_INDEX", "3")]);
    assert_eq!(output.status.code(), Some(1), "there is no fourth of three");
    assert_eq!(
        tenants(&serde_json::from_str(&out(&indexed(&[], &[("JOB_COMPLETION_INDEX", "1")]))).unwrap()).len(),
        12
    );

    let missing = run(path, &["merge", "1.json", "3.json"]);
    assert_eq!((missing.status.code(), out(&missing).as_str()), (Some(1), ""));
    assert!(err(&missing).contains("there is no result of the shards 2/3"), "{}", err(&missing));
    assert!(run(path, &["merge", "--allow-missing", "1.json", "3.json"]).status.success());
    let twice = run(path, &["merge", "1.json", "2.json", "1.json"]);
    assert!(err(&twice).contains("the shard 1/3 is in `1.json` and again in `1.json`"), "{}", err(&twice));
    let merged = run(path, &["merge", "1.json", "2.json", "3.json"]);
    assert!(merged.status.success(), "{}", err(&merged));
    assert_eq!(tenants(&serde_json::from_str(&out(&merged)).unwrap()).len(), 12);
}

#[test]
fn merging_a_failure_fails_when_all_is_merged() {
    let directory =
        estates(&[("a", &manifest("a.onmicrosoft.com", "x")), ("b", "tenant: b.onmicrosoft.com\nestate: x\na: [\n")]);
    let path = directory.path();
    let output = run(path, &["validate", "--json", "estates"]);
    std::fs::write(path.join("all.json"), out(&output)).unwrap();
    let merged = run(path, &["merge", "all.json"]);
    assert_eq!(merged.status.code(), Some(1));
    assert!(
        err(&merged).contains("no result but an error for the estate `x` of `b.onmicrosoft.com`"),
        "{}",
        err(&merged)
    );
    assert_eq!(serde_json::from_str::<Json>(&out(&merged)).unwrap()["estates"].as_array().unwrap().len(), 2);
}
