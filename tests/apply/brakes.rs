//! Policies and brakes with the real binary: what is shown, what it ends with, and that nothing was written.

use std::process::{Child, Output};

use serde_json::{Value as Json, json};

use super::command_line::{accredit, control, directory, err, out, run};
use super::process::url_of;
use super::world::{TENANT, one_of_everything};

/// A tenant that is served, and a directory with a manifest for it.
struct Scene {
    directory: tempfile::TempDir,
    server: Child,
    url: String,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Scene {
    fn new(manifest: &str) -> Self {
        let directory = directory(manifest);
        let mut server = accredit(directory.path(), &["emulate"]).spawn().unwrap();
        let url = url_of(&mut server);
        Self { directory, server, url }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.directory.path(), arguments)
    }

    fn apply(&self, more: &[&str]) -> Output {
        let all: Vec<&str> = ["apply", "--emulator", "--auto-approve"].iter().chain(more).copied().collect();
        self.run(&all)
    }

    fn applied(&self, more: &[&str]) {
        let output = self.apply(more);
        assert!(output.status.success(), "{more:?}: {}", err(&output));
    }

    /// What an apply says that refuses, and that it wrote nothing.
    fn refused(&self, more: &[&str]) -> String {
        let before = self.tenant();
        let output = self.apply(more);
        assert_eq!(output.status.code(), Some(1), "{more:?}: {}", out(&output));
        assert_eq!(self.tenant(), before, "{more:?} changed something");
        err(&output)
    }

    fn tenant(&self) -> [Json; 2] {
        ["/v1.0/applications", "/v1.0/roleManagement/directory/roleAssignments"]
            .map(|path| control(&self.url, "GET", path, &Json::Null))
    }
}

fn with_permissions(names: &str) -> String {
    format!(
        "tenant: {TENANT}
estate: tests
applications:
  deployment:
    displayName: Deployment
    permissions:
      - api: Microsoft Graph
        application: [{names}]
"
    )
}

#[test]
fn what_amounts_to_the_whole_tenant_is_given_by_name_only() {
    let scene = Scene::new(&with_permissions("AppRoleAssignment.ReadWrite.All, RoleManagement.ReadWrite.Directory"));
    let plan = scene.run(&["plan", "--emulator"]);
    assert_eq!(plan.status.code(), Some(0));
    assert!(
        out(&plan).contains("# (risk: tenant takeover: `AppRoleAssignment.ReadWrite.All` amounts to"),
        "{}",
        out(&plan)
    );
    let flags =
        "--allow-privileged AppRoleAssignment.ReadWrite.All --allow-privileged RoleManagement.ReadWrite.Directory";
    assert!(err(&plan).contains("Note: this plan gives what amounts to the whole tenant"), "{}", err(&plan));
    assert!(err(&plan).contains(flags), "{}", err(&plan));
    assert!(scene.refused(&[]).contains(flags));
    let half = scene.refused(&["--allow-privileged", "AppRoleAssignment.ReadWrite.All"]);
    assert!(half.contains("`RoleManagement.ReadWrite.Directory` (deployment/appRoleAssignment/"), "{half}");
    assert!(!half.contains("`AppRoleAssignment.ReadWrite.All`"), "{half}");
    // A plan that was reviewed and saved says what it gives; whoever carries it out still says that it is meant.
    assert!(scene.run(&["plan", "--emulator", "--out", "plan.json"]).status.success());
    assert!(scene.refused(&["plan.json"]).contains(flags));
    scene.applied(&[
        "plan.json",
        "--allow-privileged",
        "approleassignment.readwrite.all",
        "--allow-privileged",
        "RoleManagement.ReadWrite.Directory",
    ]);
    // What is given already is in nobody's way.
    scene.applied(&[]);
}

#[test]
fn a_certificate_of_a_privileged_application_is_renewed_as_any_other_and_an_owner_is_not() {
    let manifest = one_of_everything("exo").replace("role: Exchange Administrator", "role: Global Administrator");
    let scene = Scene::new(&manifest);
    scene.applied(&["--allow-privileged", "Global Administrator"]);
    let rotated = scene.run(&["rotate", "exo", "--emulator", "--auto-approve"]);
    assert!(rotated.status.success(), "{}", err(&rotated));
    assert!(
        out(&rotated).contains("risk: tenant takeover: whoever has the key of the new certificate"),
        "{}",
        out(&rotated)
    );
    let more = manifest.replace("owners: [", &format!("owners: [amelia.nash@{TENANT}, "));
    scene.write("manifests/exo.yaml", &more);
    let refused = scene.refused(&[]);
    assert!(refused.contains("--allow-privileged 'Global Administrator'"), "{refused}");
    let second =
        manifest.replace("    roles:", "      second:\n        store: { directory: ../.accredit/keys }\n    roles:");
    scene.write("manifests/exo.yaml", &second);
    assert!(scene.refused(&[]).contains("--allow-privileged 'Global Administrator'"));
    scene.applied(&["--allow-privileged", "Global Administrator"]);
}

#[test]
fn policies_are_shown_with_all_else_and_then_end_the_run() {
    let scene = Scene::new(&one_of_everything("exo"));
    scene.applied(&[]);
    let policy = "policy:
  two-owners: { level: warn, minimumOwners: 2 }
  no-exchange: { level: deny, forbiddenRoles: [Exchange Administrator] }
";
    scene.write("manifests/policy.yaml", policy);
    let validated = scene.run(&["validate"]);
    assert_eq!(validated.status.code(), Some(1));
    let said = err(&validated);
    assert!(said.contains("manifests/exo.yaml:18:15") && said.contains("manifests/policy.yaml:3:3"), "{said}");
    assert!(said.contains("warning: exo/application: it has 1 owner, fewer than 2"), "{said}");
    assert!(said.contains("the policy `no-exchange` denies what the manifests say"), "{said}");

    let plan = scene.run(&["plan", "--emulator", "--detailed-exitcode", "--out", "plan.json"]);
    assert_eq!(plan.status.code(), Some(1));
    assert!(
        out(&plan).contains("Note: not in line with a policy") && out(&plan).contains("No changes"),
        "{}",
        out(&plan)
    );
    assert!(err(&plan).contains("the policy `no-exchange` denies this plan"), "{}", err(&plan));
    assert!(!scene.directory.path().join("plan.json").exists(), "a plan that is denied is not kept");
    let json = scene.run(&["plan", "--emulator", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let document: Json = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(document["findings"][1]["rule"], "policy");
    assert_eq!(document["findings"][1]["subject"], "no-exchange");
    assert_eq!(document["findings"][1]["place"]["line"], 18);

    // Something to do, and it is refused before the first write.
    scene.write("manifests/exo.yaml", &one_of_everything("exo").replace("exo automated", "another name"));
    assert!(scene.refused(&[]).contains("no flag lets it through"));
    scene.write("manifests/policy.yaml", &policy.replace("level: deny", "level: warn"));
    scene.applied(&[]);
}

#[test]
fn an_approval_is_given_by_the_policys_name_and_once() {
    let scene = Scene::new(&one_of_everything("exo"));
    let policy = "policy:\n  ask-first: { level: approval, forbiddenRoles: [Exchange Administrator] }\n";
    scene.write("manifests/policy.yaml", policy);
    assert!(scene.run(&["validate"]).status.success());
    let plan = scene.run(&["plan", "--emulator"]);
    assert!(plan.status.success());
    assert!(err(&plan).contains("whoever may approve it adds `--approve ask-first`"), "{}", err(&plan));
    let refused = scene.refused(&[]);
    assert!(refused.contains("exo/roleAssignment/Exchange Administrator"), "{refused}");
    assert!(scene.refused(&["--approve", "another"]).contains("--approve ask-first"));
    scene.applied(&["--approve", "ask-first"]);
    scene.write("manifests/exo.yaml", &one_of_everything("exo").replace("exo automated", "another name"));
    scene.applied(&[]);
}

#[test]
fn rules_in_rego_judge_the_json_of_the_plan() {
    let scene = Scene::new(&one_of_everything("exo"));
    std::fs::create_dir(scene.directory.path().join("policies")).unwrap();
    scene.write(
        "policies/owners.rego",
        r#"package accredit

import rego.v1

deny contains {"msg": msg, "address": step.address, "code": "no-high-risk"} if {
    some step in input.steps
    step.risk.class == "high"
    msg := sprintf("%s is of high risk", [step.address])
}

warn contains "it is late in the year" if time.now_ns() > time.parse_rfc3339_ns("2020-01-01T00:00:00Z")
"#,
    );
    scene.write("policies/owners_test.rego", "package accredit_test\n\nthis is not looked at");
    let plan = scene.run(&["plan", "--emulator", "--policy", "policies"]);
    assert_eq!(plan.status.code(), Some(1));
    assert!(out(&plan).contains("! exo/roleAssignment/Exchange Administrator: exo/roleAssignment/Exchange Administrator is of high risk (manifests/exo.yaml:4:3)"), "{}", out(&plan));
    assert!(out(&plan).contains("! tests/estate: it is late in the year"), "{}", out(&plan));
    assert!(err(&plan).contains("the policy `no-high-risk` denies this plan"), "{}", err(&plan));
    assert!(scene.refused(&["--policy", "policies"]).contains("no-high-risk"));

    scene.write("policies/owners.rego", "package accredit\n\nimport rego.v1\n\ndeny contains 1 if true\n");
    assert!(scene.refused(&["--policy", "policies"]).contains("a member of `deny` is neither a text nor"));
    scene.write("policies/owners.rego", "package accredit\n\ndeny contains msg if {\n  msg := := 1\n}\n");
    let broken = scene.refused(&["--policy", "policies"]);
    assert!(broken.contains("policies/owners.rego:4:"), "{broken}");
    scene.write("policies/owners.rego", "package main\n\ndeny contains \"no\" if true\n");
    assert!(scene.refused(&["--policy", "policies"]).contains("none of the policies is in the package `accredit`"));
    scene.write("policies/owners.rego", "package accredit\n\ndeny contains \"no\" if count(input.steps) > 100\n");
    scene.applied(&["--policy", "policies"]);
}

#[test]
fn a_rule_in_rego_of_another_shape_is_no_silence() {
    let scene = Scene::new(&one_of_everything("exo"));
    std::fs::create_dir(scene.directory.path().join("policies")).unwrap();
    let refused = |rules: &str| {
        scene.write("policies/owners.rego", &format!("package accredit\n\nimport rego.v1\n\n{rules}\n"));
        scene.refused(&["--policy", "policies"])
    };
    for rules in ["deny := \"no\"", "deny if true", "deny[\"x\"] := \"boo\"", "violation := {\"msg\": \"obj\"}"] {
        assert!(refused(rules).contains("is no set of texts"), "{rules}");
    }
    assert!(refused("allow := true # deny").contains("none of the rules"));
    scene.write("policies/owners.rego", "package accredit\n\nimport rego.v1\n\ndeny if count(input.steps) > 100\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(".", scene.directory.path().join("policies/again")).unwrap();
    scene.applied(&["--policy", "policies"]);
}

#[test]
fn what_is_to_be_deleted_is_not_replaced() {
    let scene = Scene::new(&one_of_everything("exo"));
    let plan = scene.run(&["plan", "--emulator", "--destroy", "--replace", "exo/certificate/main"]);
    assert!(!plan.status.success() && err(&plan).contains("cannot be used with"), "{}", err(&plan));
}

#[test]
fn the_operator_does_not_take_its_own_access_away_in_passing() {
    let scene = Scene::new(&one_of_everything("exo"));
    // The estate manages a second operator, and then it is that one that signs in.
    let me = scene.run(&["whoami", "--emulator", "--json"]);
    let me: Json = serde_json::from_str(&out(&me)).unwrap();
    let app_id = me["principal"]["appId"].as_str().unwrap_or_else(|| panic!("{me}")).to_owned();
    let path = format!("/v1.0/applications?$filter=appId eq '{app_id}'");
    let found = control(&scene.url, "GET", &path, &Json::Null);
    let id = found["value"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned();
    let body = json!({ "uniqueName": "operator", "tags": ["accredit:estate:tests"] });
    control(&scene.url, "PATCH", &format!("/v1.0/applications/{id}"), &body);
    let manifest = one_of_everything("exo") + "  operator:\n    displayName: Operator\n    permissions: []\n";
    scene.write("manifests/exo.yaml", &manifest);
    let plan = scene.run(&["plan", "--emulator"]);
    assert!(
        out(&plan).contains("# (it takes from the operator what it reads and writes with)"),
        "{}{}",
        out(&plan),
        err(&plan)
    );
    let refused = scene.refused(&[]);
    assert!(refused.contains("--allow-self-removal"), "{refused}");
}

#[test]
fn consents_that_go_in_bulk_are_counted() {
    let names = "Application.Read.All, AuditLog.Read.All, Calendars.Read, Contacts.Read, Device.Read.All, Domain.Read.All, \
                 Group.Read.All, GroupMember.Read.All, Organization.Read.All, People.Read.All, User.Read.All";
    let scene = Scene::new(&with_permissions(names));
    scene.applied(&[]);
    scene.write("manifests/exo.yaml", &with_permissions("User.Read.All"));
    let refused = scene.refused(&[]);
    assert!(
        refused.contains("takes 10 of 11 consents and roles away") && refused.contains("--allow-revocations 10"),
        "{refused}"
    );
    assert!(scene.refused(&["--allow-revocations", "9"]).contains("say `--allow-revocations 10`"));
    scene.applied(&["--allow-revocations", "10"]);
}
