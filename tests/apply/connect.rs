//! `accredit connect`: the real program against a tenant that is served to it over HTTP.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value as Json, json};

use super::process::Bench;
use super::world::{TENANT, TENANT_ID, one_of_everything};

/// Without the tenant, which the bench writes.
fn manifest() -> String {
    one_of_everything("exo").split_once('\n').unwrap().1.to_owned()
}

fn connect(bench: &Bench, arguments: &[&str]) -> Output {
    bench.command(&[&["connect"], arguments].concat()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn succeeds(bench: &Bench, arguments: &[&str]) -> String {
    let output = connect(bench, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    assert_eq!(err(&output), "", "{arguments:?}: what is handed over is data");
    out(&output)
}

fn refused(bench: &Bench, arguments: &[&str]) -> String {
    let output = connect(bench, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", out(&output));
    assert_eq!(out(&output), "", "{arguments:?}: a refusal is talk");
    err(&output)
}

fn graph(bench: &Bench, method: &str, path: &str) -> Json {
    bench.control("POST", "graph", &json!({ "method": method, "path": path, "body": null }))
}

#[test]
fn the_values_are_those_of_the_tenant() {
    let bench = Bench::new(&manifest());
    let applied = bench.applied();
    let values: Json = serde_json::from_str(&succeeds(&bench, &["exo", "--format", "json"])).unwrap();
    let application = graph(&bench, "GET", "/v1.0/applications(uniqueName='exo')");
    let app_id = application["appId"].as_str().unwrap();
    let service_principal = graph(&bench, "GET", &format!("/v1.0/servicePrincipals(appId='{app_id}')"));
    let credential = &application["keyCredentials"][0];
    for (name, expected) in [
        ("appId", &application["appId"]),
        ("appObjectId", &application["id"]),
        ("servicePrincipalObjectId", &service_principal["id"]),
        ("tenantId", &json!(TENANT_ID)),
        ("organization", &json!(TENANT)),
        ("keyId", &credential["keyId"]),
        ("certificateThumbprint", &credential["customKeyIdentifier"]),
        ("notAfter", &credential["endDateTime"]),
        ("roles", &json!(["Exchange Administrator"])),
    ] {
        assert_eq!(&values[name], expected, "{name}");
    }
    for path in ["privateKeyPath", "pfxPath"] {
        let path = Path::new(values[path].as_str().unwrap());
        assert!(path.is_absolute() && path.is_file(), "{path:?}");
    }
    // What apply ended with is the first way to connect here.
    let line = applied.lines().find(|line| line.trim_start().starts_with("Connect-ExchangeOnline")).unwrap().trim();
    let everything = succeeds(&bench, &["exo"]);
    assert!(everything.lines().any(|shown| shown == line), "{line}\n{everything}");
    assert!(everything.starts_with("exo (exo automated)\n  Application id     "), "{everything}");
    // What it lacks something for takes one line, and every name in such a line is one that `--for` takes.
    assert!(!everything.contains("# !") && !everything.contains("Connect-MicrosoftTeams"), "{everything}");
    for name in ["security-and-compliance", "teams", "graph", "pnp", "sharepoint-online", "m365"] {
        assert!(everything.contains(&format!(". `--for {name}` shows the commands.\n")), "{name}: {everything}");
        assert!(succeeds(&bench, &["exo", "--for", name]).contains("# !"), "{name}");
    }
    let exchange = succeeds(&bench, &["exo", "--for", "exchange-online"]);
    assert!(everything.contains(&exchange) && !exchange.contains("# !"), "{exchange}");
    let retired = succeeds(&bench, &["exo", "--for", "azure-ad"]);
    assert!(retired.contains("Retired") && retired.contains("\nConnect-MgGraph "), "{retired}");
}

/// Exchange takes nothing else everywhere, whatever the manifests call the tenant.
#[test]
fn the_organization_is_the_initial_domain() {
    let bench = Bench::new(&manifest());
    bench.applied();
    let file = bench.path().join("manifests/exo.yaml");
    let text =
        std::fs::read_to_string(&file).unwrap().replace(&format!("tenant: {TENANT}"), &format!("tenant: {TENANT_ID}"));
    std::fs::write(&file, text).unwrap();
    let output = bench.command_at_its_address(&["connect", "exo", "--format", "github"]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains(&format!("\norganization={TENANT}\n")), "{}", out(&output));
}

#[test]
fn what_the_tenant_lacks_is_said_at_the_service() {
    let bench = Bench::new(&manifest());
    bench.applied();
    let values: Json = serde_json::from_str(&succeeds(&bench, &["exo", "--format", "json"])).unwrap();
    let service_principal = values["servicePrincipalObjectId"].as_str().unwrap();
    let consents = format!("/v1.0/servicePrincipals/{service_principal}/appRoleAssignments");
    let consent = graph(&bench, "GET", &consents)["value"][0]["id"].as_str().unwrap().to_owned();
    graph(&bench, "DELETE", &format!("{consents}/{consent}"));
    let shown = succeeds(&bench, &["exo", "--for", "exchange-online"]);
    assert!(
        shown.contains("# ! exo lacks consent to `Exchange.ManageAsApp` of Office 365 Exchange Online."),
        "{shown}"
    );
    let recipe = connect(&bench, &["exo", "--recipe", "audit-log", "--host", "azure-pipelines"]);
    let note = "Note: `exo` lacks consent to `Exchange.ManageAsApp` of Office 365 Exchange Online, without which the script is refused.";
    assert!(recipe.status.success() && err(&recipe).contains(note), "{}", err(&recipe));
    let shown = succeeds(&bench, &["exo", "--for", "security-and-compliance"]);
    assert!(
        shown.contains("# ! exo holds no directory role that Security & Compliance PowerShell accepts."),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_handed_over_is_refused_with_what_to_do() {
    let bench = Bench::new(&manifest());
    let missing = refused(&bench, &["exo"]);
    assert!(missing.contains("`exo` is declared and not yet in contoso.onmicrosoft.com"), "{missing}");
    assert!(missing.contains("hint: `accredit apply --target exo` makes it"), "{missing}");
    let unknown = refused(&bench, &["exp"]);
    assert!(
        unknown.contains("no application `exp` is declared") && unknown.contains("hint: the manifests declare `exo`"),
        "{unknown}"
    );

    bench.applied();
    let certificate = refused(&bench, &["exo", "--certificate", "mian"]);
    assert!(
        certificate.contains("has no certificate `mian`") && certificate.contains("it has `main`"),
        "{certificate}"
    );
    for arguments in [
        &["exo", "--host", "github-actions"][..],
        &["exo", "--out", "scripts"],
        &["exo", "--format", "json", "--for", "teams"],
        &["exo", "--recipe", "mailbox-export", "--for", "teams"],
        &["exo", "--recipe", "mailbox-exports"],
    ] {
        refused(&bench, arguments);
    }

    let id = graph(&bench, "GET", "/v1.0/applications(uniqueName='exo')")["id"].as_str().unwrap().to_owned();
    graph(&bench, "DELETE", &format!("/v1.0/applications/{id}"));
    let deleted = refused(&bench, &["exo"]);
    assert!(deleted.contains("`accredit restore exo` brings it back"), "{deleted}");
}

/// There is no way to sign in here, and nobody has to hear of that.
#[test]
fn a_misspelt_handle_is_found_before_anybody_signs_in() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("manifests")).unwrap();
    std::fs::write(directory.path().join("manifests/exo.yaml"), one_of_everything("exo-automation")).unwrap();
    let connect = |handle: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
        command.args(["connect", handle, "--auth", "environment"]).current_dir(&directory).stdin(Stdio::null());
        command.env_remove("AZURE_CLIENT_ID").output().unwrap()
    };
    assert!(err(&connect("exo-automation")).contains("AZURE_CLIENT_ID"));
    let misspelt = connect("exo-automaton");
    assert_eq!(misspelt.status.code(), Some(1));
    assert!(err(&misspelt).contains("hint: did you mean `exo-automation`?"), "{}", err(&misspelt));
}

/// A file that is empty whatever there is would pass for a month in which nothing happened.
#[test]
fn the_audit_log_is_refused_where_the_search_finds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("manifests")).unwrap();
    let manifest = one_of_everything("exo").replacen('\n', "\ncloud: china\n", 1);
    std::fs::write(directory.path().join("manifests/exo.yaml"), manifest).unwrap();
    let recipe = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
        command.args(["connect", "exo", "--auth", "environment", "--recipe", name]).current_dir(&directory);
        err(&command.stdin(Stdio::null()).env_remove("AZURE_CLIENT_ID").output().unwrap())
    };
    let refusal = recipe("audit-log");
    assert!(refusal.contains("Search-UnifiedAuditLog finds nothing whatever there is"), "{refusal}");
    assert!(recipe("mailbox-export").contains("AZURE_CLIENT_ID"));
}

#[test]
fn of_several_certificates_it_says_which() {
    let second =
        "      main:\n        dnsNames: [exo.example]\n        store: { directory: ../.accredit/keys }\n      spare:\n";
    let bench = Bench::new(&manifest().replace("      main:\n", second));
    bench.applied();
    let output = connect(&bench, &["exo", "--format", "json"]);
    assert!(output.status.success(), "{}", err(&output));
    let shown: Json = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(shown["certificateName"], "main");
    assert!(err(&output).contains("`exo` has the certificates `main`, `spare`; this is `main`"), "{}", err(&output));
    let spare: Json =
        serde_json::from_str(&succeeds(&bench, &["exo", "--format", "json", "--certificate", "spare"])).unwrap();
    assert_ne!(spare["certificateThumbprint"], shown["certificateThumbprint"]);
}

/// In the middle of a rotation the certificate is the one that works everywhere, as apply says.
#[test]
fn a_rotation_changes_what_is_handed_over_when_apply_says_so() {
    let mut bench = Bench::new(&manifest());
    bench.applied();
    for day in [340, 341, 356] {
        bench.turn_to_day(day);
        let applied = bench.applied();
        let line = applied.lines().find(|line| line.trim_start().starts_with("Connect-ExchangeOnline")).unwrap().trim();
        let shown = succeeds(&bench, &["exo", "--for", "exchange-online"]);
        assert!(shown.lines().any(|shown| shown == line), "day {day}: {line}\n{shown}");
        let everything = succeeds(&bench, &["exo"]);
        let (rotation, key_id) = (everything.find("\n  Rotation "), everything.find("\n  Key id "));
        assert!(key_id.is_some() && rotation < key_id && rotation.is_some() == (day < 356), "day {day}: {everything}");
    }
}

/// Nobody renewed it, and whoever builds upon it hears of that.
#[test]
fn an_end_that_is_near_or_past_is_said() {
    let mut bench = Bench::new(&manifest());
    bench.applied();
    bench.turn_to_day(357);
    let near = connect(&bench, &["exo", "--format", "json"]);
    assert!(near.status.success() && err(&near).contains("Note: `main` expires on "), "{}", err(&near));
    assert!(err(&near).contains("`accredit rotate exo` makes the next one"), "{}", err(&near));
    bench.turn_to_day(370);
    let past = refused(&bench, &["exo"]);
    assert!(
        past.contains("`exo`'s certificate `main` expired on ") && past.contains("hint: `accredit rotate"),
        "{past}"
    );
}

#[test]
fn a_key_that_is_not_here_is_said() {
    let bench = Bench::new(&manifest());
    bench.applied();
    std::fs::remove_dir_all(bench.path().join(".accredit/keys")).unwrap();
    let output = connect(&bench, &["exo", "--for", "graph"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("the key of `main` is not in the declared store"), "{}", err(&output));
}

#[test]
fn what_is_still_to_be_signed_is_waited_for() {
    let bench = Bench::new(&manifest().replace("      main:\n", "      main:\n        source: csr\n"));
    let applied = bench.apply();
    let shown = refused(&bench, &["exo"]);
    assert!(shown.contains("waiting for the signed certificate"), "{shown}\n{}", err(&applied));
}

#[test]
fn recipes_are_written_whole_and_over_nothing() {
    let bench = Bench::new(&manifest());
    bench.applied();
    let output = connect(&bench, &["exo", "--recipe", "mailbox-export"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(
        err(&output).contains("`--out DIRECTORY` writes `Register-Export-Mailboxes-exo.ps1` too."),
        "{}",
        err(&output)
    );
    let arguments = ["exo", "--recipe", "mailbox-export", "--out", "jobs"];
    let written = connect(&bench, &arguments);
    assert!(written.status.success() && out(&written).is_empty(), "{}", err(&written));
    let script = bench.path().join("jobs/Export-Mailboxes-exo.ps1");
    assert_eq!(std::fs::read_to_string(&script).unwrap(), out(&output));
    assert!(bench.path().join("jobs/Register-Export-Mailboxes-exo.ps1").is_file());

    std::fs::write(&script, "mine").unwrap();
    std::fs::remove_file(bench.path().join("jobs/Register-Export-Mailboxes-exo.ps1")).unwrap();
    let refusal = refused(&bench, &arguments);
    assert!(refusal.contains("is there already, and nothing was written") && refusal.contains("--force"), "{refusal}");
    assert_eq!(std::fs::read_to_string(&script).unwrap(), "mine");
    assert!(!bench.path().join("jobs/Register-Export-Mailboxes-exo.ps1").exists());
    assert!(connect(&bench, &[&arguments[..], &["--force"]].concat()).status.success());
    assert_eq!(std::fs::read_to_string(&script).unwrap(), out(&output));

    let workflow = succeeds(&bench, &["exo", "--recipe", "audit-log", "--host", "github-actions"]);
    assert!(workflow.contains("secrets.PFX_PASSWORD_EXO"), "{workflow}");
    let written = connect(&bench, &["exo", "--recipe", "audit-log", "--host", "github-actions", "--out", "."]);
    assert!(written.status.success(), "{}", err(&written));
    let kept = std::fs::read_to_string(bench.path().join(".github/workflows/exo-audit-log.yml")).unwrap();
    assert_eq!(kept, workflow);
}
