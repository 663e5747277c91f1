//! `accredit doctor` by the real program: an application is broken in one way, and the doctor names it.

use std::process::Output;

use serde_json::{Value as Json, json};

use super::process::Bench;

const MANIFEST: &str = "estate: tests
applications:
  exo:
    displayName: exo automated
    permissions:
      - api: Office 365 Exchange Online
        application: [Exchange.ManageAsApp]
    certificates:
      main:
        dnsNames: [exo.example]
        store: { directory: ../.accredit/keys }
    roles: [Exchange Administrator]
";

const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";
const SECOND_VERSION: &str = "ea3d980d-ebc7-4be4-8298-a167e5b8797c";
const MAILBOXES: &str = "dc890d15-9560-4a4c-9b7f-a736ec74ec40";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

/// A tenant to which a manifest was applied.
struct Ward {
    bench: Bench,
}

impl Ward {
    fn new() -> Self {
        Self::with(MANIFEST)
    }

    fn with(manifest: &str) -> Self {
        let bench = Bench::new(manifest);
        bench.applied();
        Self { bench }
    }

    #[expect(clippy::needless_pass_by_value, reason = "bodies are written where they are sent")]
    fn graph(&self, method: &str, path: &str, body: Json) -> Json {
        let order = json!({ "method": method, "path": format!("/v1.0{path}"), "body": body });
        self.bench.control("POST", "graph", &order)
    }

    fn application(&self, handle: &str) -> Json {
        self.graph("GET", &format!("/applications(uniqueName='{handle}')?$select=id,appId,keyCredentials"), Json::Null)
    }

    fn service_principal(&self) -> String {
        let app_id = text(&self.application("exo")["appId"]);
        text(&self.graph("GET", &format!("/servicePrincipals(appId='{app_id}')"), Json::Null)["id"])
    }

    fn take_consents(&self) {
        let id = self.service_principal();
        let held = self.graph("GET", &format!("/servicePrincipals/{id}/appRoleAssignments"), Json::Null);
        for assignment in held["value"].as_array().unwrap() {
            let assignment = text(&assignment["id"]);
            self.graph("DELETE", &format!("/servicePrincipals/{id}/appRoleAssignments/{assignment}"), Json::Null);
        }
    }

    fn grant(&self, app_role: &str) {
        let api = format!("/servicePrincipals(appId='{EXCHANGE_ONLINE}')");
        let api = text(&self.graph("GET", &api, Json::Null)["id"]);
        let id = self.service_principal();
        let body = json!({ "principalId": id, "resourceId": api, "appRoleId": app_role });
        self.graph("POST", &format!("/servicePrincipals/{api}/appRoleAssignedTo"), body);
    }

    fn take_roles(&self) {
        let path = "/roleManagement/directory/roleAssignments";
        let id = self.service_principal();
        let held = self.graph("GET", &format!("{path}?$filter=principalId eq '{id}'"), Json::Null);
        for assignment in held["value"].as_array().unwrap() {
            self.graph("DELETE", &format!("{path}/{}", text(&assignment["id"])), Json::Null);
        }
    }

    fn give_role(&self, role: &str) {
        let body =
            json!({ "principalId": self.service_principal(), "roleDefinitionId": role, "directoryScopeId": "/" });
        self.graph("POST", "/roleManagement/directory/roleAssignments", body);
    }

    fn doctor(&self) -> Output {
        self.bench.command(&["doctor", "exo", "--json"]).output().unwrap()
    }

    /// What the doctor says of `exo`, which is ill.
    fn diagnosed(&self) -> Json {
        let output = self.doctor();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let document: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
        assert_eq!(document["healthy"], false);
        document["applications"][0].clone()
    }

    /// The number of the first failure that it names; fails where what comes after it is tried all the same.
    fn first(&self) -> String {
        let examined = self.diagnosed();
        let states: Vec<&str> =
            examined["examinations"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap()).collect();
        assert!(states.contains(&"failed") && *states.last().unwrap() == "skipped", "{examined:#}");
        text(&examined["diagnoses"][0]["failure"])
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value:#}")).to_owned()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_healthy_application_has_no_finding() {
    let ward = Ward::new();
    let output = ward.doctor();
    assert!(output.status.success(), "{}", said(&output));
    let document: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["healthy"], true);
    assert_eq!(document["organization"], "contoso.onmicrosoft.com");
    let examined = &document["applications"][0];
    assert_eq!(examined["diagnoses"], json!([]));
    let examinations = examined["examinations"].as_array().unwrap();
    assert_eq!(examinations.len(), 10, "{examined:#}");
    for examination in examinations {
        assert_eq!(examination["state"], "passed", "{examined:#}");
        assert!(!examination["evidence"].as_array().unwrap().is_empty(), "{examination:#}");
    }
    let all = ward.bench.command(&["doctor"]).output().unwrap();
    assert!(all.status.success() && said(&all).contains("Nothing is wrong"), "{}", said(&all));
}

#[test]
fn a_key_that_is_gone() {
    let ward = Ward::new();
    let directory = ward.bench.path().join(".accredit/keys/exo/main").join(&ward.bench.kept()[0]);
    std::fs::remove_file(directory.join("private-key.pem")).unwrap();
    assert_eq!(ward.first(), "F16");
    std::fs::remove_dir_all(directory).unwrap();
    assert_eq!(ward.first(), "F16");
}

#[cfg(unix)]
#[test]
fn a_key_that_is_another_s_or_everybody_s() {
    use std::os::unix::fs::PermissionsExt as _;
    let other =
        "      other:\n        dnsNames: [other.example]\n        store: { directory: ../.accredit/keys }\n    roles:";
    let ward = Ward::with(&MANIFEST.replace("    roles:", other));
    let keys = ward.bench.path().join(".accredit/keys/exo");
    let key_of = |name: &str| {
        let kept = keys.join(name).read_dir().unwrap().flatten().map(|entry| entry.path()).find(|path| path.is_dir());
        kept.unwrap().join("private-key.pem")
    };
    let (own, others) = (key_of("main"), key_of("other"));
    let saved = std::fs::read(&own).unwrap();
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o644)).unwrap();
    let shown = said(&ward.doctor());
    assert!(shown.contains("Others than its owner can read the private key") && shown.contains("chmod 600"), "{shown}");
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&own, std::fs::read(&others).unwrap()).unwrap();
    let shown = said(&ward.doctor());
    assert!(shown.contains("The private key belongs to another certificate"), "{shown}");
    assert!(shown.contains("accredit rotate exo"), "{shown}");
    std::fs::write(&own, saved).unwrap();
    assert!(ward.doctor().status.success());
}

#[test]
fn a_certificate_that_ended() {
    let mut ward = Ward::new();
    ward.bench.turn_to_day(400);
    assert_eq!(ward.first(), "F9");
}

#[test]
fn a_certificate_that_was_not_uploaded() {
    let ward = Ward::new();
    let id = text(&ward.application("exo")["id"]);
    ward.graph("PATCH", &format!("/applications/{id}"), json!({ "keyCredentials": [] }));
    assert_eq!(ward.first(), "F8");
}

#[test]
fn another_application_s_certificate() {
    let other = MANIFEST.split_once("  exo:\n").unwrap().1.replace("exo", "other");
    let ward = Ward::with(&format!("{MANIFEST}  other:\n{other}"));
    let id = text(&ward.application("exo")["id"]);
    let credentials = ward.application("other")["keyCredentials"].clone();
    ward.graph("PATCH", &format!("/applications/{id}"), json!({ "keyCredentials": credentials }));
    assert_eq!(ward.first(), "F8");
    let cause = text(&ward.diagnosed()["diagnoses"][0]["cause"]);
    assert!(cause.contains("`other`"), "{cause}");
}

#[test]
fn consent_that_is_missing_or_another_permission_s() {
    let ward = Ward::new();
    ward.take_consents();
    assert_eq!(ward.first(), "F1");
    ward.grant(MAILBOXES);
    assert_eq!(ward.first(), "F21");
    ward.take_consents();
    ward.grant(SECOND_VERSION);
    assert_eq!(ward.first(), "F20");
    let remedy = ward.diagnosed()["diagnoses"][0]["remedy"].clone();
    assert_eq!(remedy["manifest"], Json::Null, "it is declared already");
    ward.bench.declare(
        &MANIFEST
            .replace("Exchange.ManageAsApp]", "Exchange.ManageAsAppV2]")
            .replace("    roles: [Exchange Administrator]\n", ""),
    );
    let remedy = ward.diagnosed()["diagnoses"][0]["remedy"].clone();
    assert!(text(&remedy["manifest"]).contains("  exo:\n    permissions:"), "{remedy:#}");
}

#[test]
fn a_role_that_is_missing_or_not_taken() {
    let ward = Ward::new();
    ward.take_roles();
    assert_eq!(ward.first(), "F2");
    ward.give_role(USER_ADMINISTRATOR);
    assert_eq!(ward.first(), "F2");
    let evidence = ward.diagnosed()["diagnoses"][0]["evidence"].clone();
    assert!(text(&evidence[0]).contains("User Administrator (not taken by Exchange)"), "{evidence}");
    ward.bench.declare(&format!("cloud: china\n{MANIFEST}"));
    ward.take_roles();
    assert_eq!(ward.first(), "F3", "as that cloud says it");
}

#[test]
fn an_application_that_is_disabled() {
    let ward = Ward::new();
    let id = ward.service_principal();
    ward.graph("PATCH", &format!("/servicePrincipals/{id}"), json!({ "accountEnabled": false }));
    let examined = ward.diagnosed();
    assert_eq!(examined["diagnoses"][0]["failure"], Json::Null);
    assert_eq!(examined["diagnoses"][0]["title"], "The application is disabled");
    assert_eq!(examined["diagnoses"].as_array().unwrap().len(), 1, "{examined:#}");
}

#[test]
fn what_was_deleted_can_be_restored() {
    let ward = Ward::new();
    let id = ward.service_principal();
    ward.graph("DELETE", &format!("/servicePrincipals/{id}"), Json::Null);
    assert_eq!(ward.first(), "F10");
    let remedy = ward.diagnosed()["diagnoses"][0]["remedy"].clone();
    assert_eq!(remedy["commands"][0], "accredit restore exo");
    let restored = ward.bench.command(&["restore", "exo", "--auto-approve"]).output().unwrap();
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(ward.doctor().status.success(), "the remedy is one: {}", said(&ward.doctor()));

    let id = text(&ward.application("exo")["id"]);
    ward.graph("DELETE", &format!("/applications/{id}"), Json::Null);
    assert_eq!(ward.first(), "F11");
    let remedy = ward.diagnosed()["diagnoses"][0]["remedy"].clone();
    assert_eq!(remedy["commands"][0], "accredit restore exo");
}

#[test]
fn nothing_was_applied_yet() {
    let bench = Bench::new(MANIFEST);
    let ward = Ward { bench };
    let examined = ward.diagnosed();
    let diagnoses = examined["diagnoses"].as_array().unwrap();
    assert_eq!(diagnoses.len(), 1, "{examined:#}");
    assert_eq!(diagnoses[0]["failure"], Json::Null, "none of the failures: {examined:#}");
    assert_eq!(diagnoses[0]["title"], "The application is not applied");
    assert_eq!(diagnoses[0]["remedy"]["commands"][0], "accredit apply --target exo");
}

/// An application that only asks for the permission is not meant to have it, and `verify` says the same.
#[test]
fn a_permission_without_consent_is_not_missed() {
    let manifest = MANIFEST
        .replace("[Exchange.ManageAsApp]\n", "[Exchange.ManageAsApp]\n        consent: none\n")
        .replace("    roles: [Exchange Administrator]\n", "");
    let ward = Ward::with(&manifest);
    let output = ward.doctor();
    assert!(output.status.success() && said(&output).contains("it is not for Exchange"), "{}", said(&output));
}

/// What the token service says and no known failure is stands with its own meaning.
#[test]
fn a_code_that_is_no_known_failure_is_explained() {
    let ward = Ward::new();
    let words = "AADSTS500011: The resource principal named https://outlook.office365.com was not found in the tenant.";
    let body = json!({ "error": "invalid_resource", "error_description": words, "error_codes": [500_011] });
    let app_id = text(&ward.application("exo")["appId"]);
    let fault = json!([{ "service": "token", "body": app_id.replace('-', "%2D"), "then": { "status": 400, "body": body.to_string() } }]);
    ward.bench.control("POST", "faults", &fault);
    let diagnosis = ward.diagnosed()["diagnoses"][0].clone();
    assert_eq!(diagnosis["failure"], Json::Null, "{diagnosis:#}");
    assert!(
        text(&diagnosis["cause"]).contains("AADSTS500011") && text(&diagnosis["cause"]).contains("service principal")
    );
}

/// The token service as a policy of Conditional Access has it answer.
#[test]
fn conditional_access() {
    let ward = Ward::new();
    let body = json!({
        "error": "invalid_grant",
        "error_description": "AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        "error_codes": [53003],
    });
    let app_id = text(&ward.application("exo")["appId"]);
    let fault = json!([{ "service": "token", "body": app_id.replace('-', "%2D"), "then": { "status": 400, "body": body.to_string() } }]);
    ward.bench.control("POST", "faults", &fault);
    assert_eq!(ward.first(), "F13");
}

/// Exchange's refusals, a day after anything was written.
#[test]
fn what_exchange_refuses() {
    let mut ward = Ward::new();
    ward.bench.turn_to_day(1);
    let refusal = json!({ "error": { "code": "Unauthorized", "message": "User is not allowed to call Get-Mailbox" } });
    for (status, body, path, failure) in [
        (401, refusal.to_string(), "InvokeCommand", "F4"),
        (403, "\0\0\0\0".to_owned(), "adminapi", "F30"),
        (401, String::new(), "adminapi", "F1"),
    ] {
        let fault = json!([{ "service": "exchange", "path": path, "then": { "status": status, "body": body } }]);
        ward.bench.control("POST", "faults", &fault);
        assert_eq!(ward.diagnosed()["diagnoses"][0]["failure"], failure, "{status} {body}: {:#}", ward.diagnosed());
        ward.bench.control("DELETE", "faults", &Json::Null);
    }
}

/// What was written minutes ago may not be known everywhere: nobody calls that wrong.
#[test]
fn a_refusal_right_after_an_apply_is_waited_for() {
    let ward = Ward::new();
    let fault = json!([{ "service": "exchange", "path": "adminapi", "then": { "status": 403, "body": "" } }]);
    ward.bench.control("POST", "faults", &fault);
    let examined = ward.diagnosed();
    assert_eq!(examined["diagnoses"], json!([]), "{examined:#}");
    let states = examined["examinations"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap());
    assert!(states.clone().any(|state| state == "waiting") && !states.clone().any(|state| state == "failed"));
    let output = ward.bench.command(&["doctor", "exo"]).output().unwrap();
    assert!(said(&output).contains("look again"), "{}", said(&output));
}

/// What Exchange itself gives needs no role of Entra's.
#[test]
fn a_role_of_exchange_s_own_is_one() {
    let ward = Ward::with(&MANIFEST.replace("    roles: [Exchange Administrator]\n", ""));
    assert_eq!(ward.first(), "F2", "nothing yet");
    let beta = |method: &str, path: &str, body: Json| {
        let order = json!({ "method": method, "path": format!("/beta/roleManagement/exchange{path}"), "body": body });
        ward.bench.control("POST", "graph", &order)
    };
    let roles = beta("GET", "/roleDefinitions", Json::Null);
    for role in ["View-Only Configuration", "View-Only Recipients"] {
        let found = roles["value"].as_array().unwrap().iter().find(|one| one["displayName"] == role).unwrap();
        let principal = format!("/ServicePrincipals/{}", ward.service_principal());
        let body = json!({ "principalId": principal, "roleDefinitionId": found["id"], "directoryScopeId": "/" });
        beta("POST", "/roleAssignments", body);
    }
    let output = ward.doctor();
    assert!(output.status.success() && said(&output).contains("roles of Exchange's own"), "{}", said(&output));
}

/// Both are fine for Accredit, and wrong as `-Organization`.
#[test]
fn a_tenant_by_a_custom_domain_or_its_id() {
    for (tenant, number) in [("contoso.example", "(F5)"), ("6f1d4b0e-0d3c-4a57-9d2b-0c1f5a7e9b11", "(F31)")] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("manifests")).unwrap();
        std::fs::write(directory.path().join("manifests/exo.yaml"), format!("tenant: {tenant}\n{MANIFEST}")).unwrap();
        let run = |arguments: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_accredit"));
            command.current_dir(&directory).args(arguments).env_remove("ACCREDIT_LOG").output().unwrap()
        };
        let applied = run(&["apply", "--emulator", "--auto-approve"]);
        assert!(applied.status.success(), "{}", said(&applied));
        let output = run(&["doctor", "exo", "--emulator", "--json"]);
        assert!(output.status.success(), "{tenant} is no failure: {}", said(&output));
        let document: Json = serde_json::from_slice(&output.stdout).unwrap();
        let examinations = document["applications"][0]["examinations"].as_array().unwrap();
        let tenant_is = examinations.iter().find(|examination| examination["stage"] == "tenant").unwrap();
        assert!(text(&tenant_is["notes"][0]).contains(number), "{tenant_is:#}");
    }
}

#[test]
fn a_file_that_its_password_does_not_open() {
    let exported = MANIFEST
        .replace("        store:", "        export: [pfx]\n        pfxPassword: { generate: true }\n        store:");
    let ward = Ward::with(&exported);
    let directory = ward.bench.path().join(".accredit/keys/exo/main").join(&ward.bench.kept()[0]);
    let pfx = ward.bench.path().join("manifests/exo.pfx");
    std::fs::copy(directory.join("exo-main.pfx"), &pfx).unwrap();
    let file = "        source: { file: { path: exo.pfx, password: { file: password } } }\n";
    let declared =
        MANIFEST.replace("        dnsNames: [exo.example]\n        store: { directory: ../.accredit/keys }\n", file);
    ward.bench.declare(&declared);
    let password = ward.bench.path().join("manifests/password");
    std::fs::write(&password, "wrong").unwrap();
    assert_eq!(ward.first(), "F22");
    std::fs::copy(directory.join("exo-main.pfx-password"), &password).unwrap();
    let output = ward.doctor();
    assert!(output.status.success() && said(&output).contains("(F22)"), "a note for old machines: {}", said(&output));
}

#[test]
fn a_tenant_in_another_cloud() {
    let ward = Ward::new();
    ward.bench.control("PATCH", "knobs", &json!({ "cloud": "usGovernment" }));
    for verb in ["doctor", "verify", "plan"] {
        let output = ward.bench.command(&[verb]).output().unwrap();
        let shown = said(&output);
        assert_eq!(output.status.code(), Some(1), "{verb}: {shown}");
        assert!(shown.contains("AADSTS90002") && shown.contains("cloud"), "{verb}: {shown}");
    }
}

#[test]
fn a_tenant_that_is_not_there() {
    let ward = Ward::new();
    let url = ward.bench.url();
    let manifest = format!("tenant: fabrikam.onmicrosoft.com\n{MANIFEST}");
    std::fs::write(ward.bench.path().join("manifests/exo.yaml"), manifest).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_accredit"));
    command.args(["doctor", "exo", &format!("--emulator={url}")]).current_dir(ward.bench.path());
    command
        .env("AZURE_TENANT_ID", "fabrikam.onmicrosoft.com")
        .env("AZURE_CLIENT_ID", "11111111-2222-4333-8444-555555555555");
    let output = command.env("AZURE_CLIENT_SECRET", "chosen by the tester").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("F12"), "{}", said(&output));
}

fn plain(arguments: &[&str], input: &str) -> Output {
    use std::io::Write as _;
    let directory = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_accredit"));
    command.args(arguments).current_dir(&directory).env_remove("ACCREDIT_LOG");
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_text_needs_no_tenant_and_no_manifest() {
    let error = "AADSTS700027: [Reason - The key used is expired.";
    for (arguments, input) in
        [(&["doctor", error][..], ""), (&["doctor", "--text", error], ""), (&["doctor", "-"], error)]
    {
        let output = plain(arguments, input);
        assert!(output.status.success(), "{}", said(&output));
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("F9: "), "{}", said(&output));
    }
    let json: Json = serde_json::from_slice(&plain(&["doctor", "--json", "aadsts700027"], "").stdout).unwrap();
    assert_eq!(json["diagnoses"][0]["failure"], "F8");
    assert_eq!(json["formatVersion"], 1);
    // What other mistakes lead to as well is not told as if it were known.
    let shared = plain(&["doctor", "Import-PfxCertificate : the PFX file's password is incorrect"], "");
    assert!(String::from_utf8_lossy(&shared.stdout).starts_with("Most likely:\nF22: "), "{}", said(&shared));
    let unknown = plain(&["doctor", "the disk is full"], "");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(said(&unknown).contains("nothing in this text is known"), "{}", said(&unknown));
    let nothing = plain(&["doctor", "exo-automaton"], "");
    assert!(said(&nothing).contains("no handle of the manifests, and no error text"), "{}", said(&nothing));
}

#[test]
fn what_is_a_handle_and_a_text_is_a_handle_and_that_is_said() {
    let ward = Ward::with(&MANIFEST.replace("  exo:", "  unauthorized:"));
    let output = ward.bench.command(&["doctor", "unauthorized"]).output().unwrap();
    assert!(output.status.success() && said(&output).contains("`--text unauthorized`"), "{}", said(&output));
    let output = ward.bench.command(&["doctor", "--text", "unauthorized"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("It may be this:\nF1: "), "{}", said(&output));
    let output = ward.bench.command(&["doctor", "manifests/"]).output().unwrap();
    assert!(output.status.success() && said(&output).contains("✓ one read"), "a path is no text: {}", said(&output));
    let output = ward.bench.command(&["doctor", "--handle", "unauthorized", "manifests/"]).output().unwrap();
    assert!(
        output.status.success() && said(&output).contains("✓ one read"),
        "a path beside a handle: {}",
        said(&output)
    );
    let (usual, own) = (ward.bench.path().join("manifests"), ward.bench.path().join("estate"));
    std::fs::rename(usual, own).unwrap();
    let output = ward.bench.command(&["doctor", "--handle", "unauthorized", "estate"]).output().unwrap();
    assert!(output.status.success(), "the usual path is not looked at besides: {}", said(&output));
}

/// What the manifest has Exchange give counts as a role, and a scope that a permission reaches past is told of.
#[test]
fn declared_roles_of_exchange_s_own_and_a_scope_that_restricts_nothing() {
    let manifest = MANIFEST.replace("    roles: [Exchange Administrator]\n", "    roles: []\n    exchange:\n      roles:\n        - View-Only Recipients\n        - { role: Application Mail.Read, scope: { recipientFilter: \"CustomAttribute1 -eq 'reports'\" } }\n");
    let ward = Ward::with(&manifest);
    let healthy = said(&ward.doctor());
    assert!(healthy.contains("View-Only Recipients (Exchange's own)"), "{healthy}");
    assert!(healthy.contains("\"healthy\": true"), "{healthy}");
    let beta = |method: &str, path: &str| {
        let path = format!("/beta/roleManagement/exchange/roleAssignments{path}");
        ward.bench.control("POST", "graph", &json!({ "method": method, "path": path, "body": null }))
    };
    let given = beta("GET", "");
    for assignment in given["value"].as_array().unwrap() {
        beta("DELETE", &format!("/{}", text(&assignment["id"])));
        let shown = said(&ward.doctor());
        assert!(shown.contains("not given: ") && shown.contains("accredit apply --target exo"), "{shown}");
        assert!(!shown.contains("Global Reader"), "what is declared is enough: {shown}");
    }
    ward.bench.applied();
    let reaches_all = "      - { api: Microsoft Graph, application: [Mail.Read] }\n    certificates";
    ward.bench.declare(&manifest.replace("    certificates", reaches_all));
    ward.bench.applied();
    assert_eq!(ward.first(), "F32");
    let told = said(&ward.doctor());
    assert!(told.contains("`Application Mail.Read`") && told.contains("`Mail.Read`"), "{told}");
}
