//! The whole story of a change and of a break-in: a branch, its plan, the review, somebody in between, the merge, and what is
//! found in the tenant afterwards. With git and the real program, as in a team's pipeline.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::authority::Authority;
use super::command_line::{accredit, err, out};
use super::process::Bench;
use super::world::{TENANT, days_after, noon, repository};

/// A repository of manifests, and the tenant that they are for.
struct Story {
    bench: Bench,
}

/// What the program said.
struct Said {
    out: String,
    err: String,
}

const EXCHANGE: &str = "manifests/exo.yaml";

const MAIL: &str = "manifests/mail.yaml";

fn exchange(display_name: &str, more_permissions: &str) -> String {
    format!(
        "estate: messaging
applications:
  exo:
    displayName: {display_name}
    owners: [zoe.howard@{TENANT}]
    permissions:
      - api: Office 365 Exchange Online
        application: [Exchange.ManageAsApp]
{more_permissions}    certificates:
      main:
        dnsNames: [exo.example]
        store: {{ directory: ../.accredit/keys }}
    roles:
      - role: Exchange Administrator
"
    )
}

fn mail() -> String {
    format!(
        "tenant: {TENANT}
estate: messaging
applications:
  mail:
    displayName: Mail reports
    permissions:
      - api: Microsoft Graph
        application: [Mail.ReadWrite]
    certificates:
      main:
        dnsNames: [mail.example]
        store: {{ directory: ../.accredit/keys }}
"
    )
}

impl Story {
    /// `main` has one manifest, and the tenant is as it says.
    fn begins() -> Self {
        let story = Self { bench: Bench::new(&exchange("Exchange automation", "")) };
        story.git(&["init", "--quiet", "--initial-branch=main"]);
        story.commit("Automation of Exchange");
        story.ends_with(0, &["apply", "--auto-approve"]);
        let untracked = story.git(&["status", "--porcelain", "--untracked-files=all"]);
        assert!(!untracked.contains("private-key"), "`git add` would take it: {untracked}");
        story
    }

    /// A branch that adds an application, and a permission to the one that is there.
    fn branches_off(&self) {
        self.git(&["switch", "--quiet", "--create", "mail-reports"]);
        let more = "      - api: Microsoft Graph\n        application: [User.Read.All]\n";
        self.bench.declare(&exchange("Exchange operations", more));
        std::fs::write(self.path().join(MAIL), mail()).unwrap();
        self.commit("Reports on mail");
    }

    fn merges(&self) {
        self.git(&["switch", "--quiet", "main"]);
        self.git(&["merge", "--quiet", "--no-ff", "-m", "Merge branch 'mail-reports'", "mail-reports"]);
    }

    fn path(&self) -> &Path {
        self.bench.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let nothing_of_the_machine = self.path().join("no-such-configuration");
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0")])
            .env("GIT_CONFIG_GLOBAL", nothing_of_the_machine)
            .envs([("GIT_AUTHOR_NAME", "Zoe Howard"), ("GIT_AUTHOR_EMAIL", "zoe.howard@contoso.example")])
            .envs([("GIT_COMMITTER_NAME", "Zoe Howard"), ("GIT_COMMITTER_EMAIL", "zoe.howard@contoso.example")])
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", err(&output));
        out(&output)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "manifests"]);
        self.git(&["commit", "--quiet", "-m", message]);
    }

    fn ends_with(&self, code: i32, arguments: &[&str]) -> Said {
        let needs_no_tenant = ["fmt", "validate", "show"].contains(&arguments[0]);
        let mut command =
            if needs_no_tenant { accredit(self.path(), arguments) } else { self.bench.command(arguments) };
        let output = command.output().unwrap();
        let said = Said { out: out(&output), err: err(&output) };
        assert_eq!(output.status.code(), Some(code), "{arguments:?}:\n{}\n{}", said.out, said.err);
        said
    }

    fn application(&self, handle: &str) -> Json {
        self.graph("GET", handle, &Json::Null)
    }

    /// Somebody in the portal.
    fn edits(&self, handle: &str, change: &Json) {
        self.graph("PATCH", handle, change);
    }

    fn graph(&self, method: &str, handle: &str, body: &Json) -> Json {
        let path = format!("/v1.0/applications(uniqueName='{handle}')");
        self.bench.control("POST", "graph", &json!({ "method": method, "path": path, "body": body }))
    }

    /// What a run that is refused says; it has written nothing, neither into the tenant nor into the key store.
    fn refused(&self, arguments: &[&str]) -> String {
        self.bench.control("DELETE", "requests", &Json::Null);
        let said = self.ends_with(1, arguments);
        assert_eq!(self.writes(), [""; 0], "{arguments:?}");
        assert!(!self.path().join(".accredit/keys/mail").exists(), "no key was made");
        said.err
    }

    /// Method and path of each request since the log was emptied.
    fn asked(&self) -> Vec<String> {
        let log = self.bench.control("GET", "requests", &Json::Null);
        let told = log.as_array().unwrap().iter().map(|entry| {
            let word = |name: &str| entry[name].as_str().unwrap();
            format!("{} {}", word("method"), word("path"))
        });
        told.collect()
    }

    fn writes(&self) -> Vec<String> {
        // What we put into a batch are reads.
        let is_write =
            |told: &String| !told.starts_with("GET ") && !told.contains("/oauth2/") && !told.ends_with("/$batch");
        self.asked().into_iter().filter(is_write).collect()
    }

    /// A certificate of the attacker's own on `exo`, beside ours. Its thumbprint.
    fn breaks_in(&self) -> String {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().to_str().unwrap();
        let request = ["certificate", "csr", "--subject", "CN=backup", "--name", "backup", "--out", place];
        self.ends_with(0, &request);
        let request = std::fs::read_to_string(directory.path().join("backup.csr")).unwrap();
        let signed = Authority::new().sign(&request, noon(), days_after(noon(), 180));
        let key: String = signed.lines().filter(|line| !line.starts_with("-----")).collect();
        let before = self.thumbprints();
        let mut credentials = self.application("exo")["keyCredentials"].as_array().unwrap().clone();
        credentials.push(json!({
            "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "backup job", "key": key,
        }));
        self.edits("exo", &json!({ "keyCredentials": credentials }));
        let added: Vec<String> = self.thumbprints().into_iter().filter(|it| !before.contains(it)).collect();
        let [thumbprint] = added.as_slice() else { panic!("{added:?}") };
        thumbprint.clone()
    }

    /// On `exo`.
    fn thumbprints(&self) -> Vec<String> {
        let application = self.application("exo");
        let keys = application["keyCredentials"].as_array().unwrap().iter();
        keys.map(|key| key["customKeyIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    /// The line of the manifest that begins with these words.
    fn line(&self, file: &str, words: &str) -> usize {
        let text = std::fs::read_to_string(self.path().join(file)).unwrap();
        text.lines().position(|line| line.trim_start().starts_with(words)).unwrap() + 1
    }
}

const PLAN: [&str; 6] = ["plan", "--out", "plan.json", "--format", "markdown", "--detailed-exitcode"];

const APPLY: [&str; 2] = ["apply", "plan.json"];

/// The privileged one among the steps.
const GRANT: &str = "mail/appRoleAssignment/Microsoft Graph/Mail.ReadWrite";

const EXIT_IN_LINE: i32 = 0;

const EXIT_CHANGES: i32 = 2;

#[test]
fn a_change_is_reviewed_merged_and_applied_and_a_break_in_is_found() {
    let mut story = Story::begins();
    story.branches_off();
    let comment = pull_request(&story);
    review(&story, &comment);
    what_was_not_reviewed_is_refused(&story);
    merge(&story, &comment);
    let thumbprint = story.breaks_in();
    story.edits("mail", &json!({ "displayName": "Mail" }));
    both_are_found(&story, &thumbprint);
    one_is_accepted_and_one_put_back(&mut story, &thumbprint);
}

/// What is checked, and the comment.
fn pull_request(story: &Story) -> String {
    story.ends_with(0, &["fmt", "--check"]);
    let valid = story.ends_with(0, &["validate"]);
    assert!((valid.out + &valid.err).contains("2 applications of the estate `messaging`"));
    let comment = story.ends_with(EXIT_CHANGES, &PLAN).out;
    assert!(comment.starts_with("<!-- accredit-plan messaging "), "{comment}");
    assert!(comment.contains("\n## Accredit: 5 to add, 1 to change, 0 to destroy\n"), "{comment}");
    let (warning, table) = comment.split_once("\n| | resource | why |\n").unwrap();
    assert!(warning.contains("> [!CAUTION]\n> Privileged in this plan:\n"), "{comment}");
    assert!(warning.contains(GRANT) && warning.contains("can read and change the mail of every mailbox"), "{comment}");
    assert!(!warning.contains("User.Read.All") && table.contains("User.Read.All"), "{comment}");
    comment
}

/// The saved plan is the same in every format, and holds no key.
fn review(story: &Story, comment: &str) {
    assert_eq!(story.ends_with(0, &["show", "plan.json", "--format", "markdown"]).out, comment);
    let document: Json = serde_json::from_str(&story.ends_with(0, &["show", "plan.json", "--json"]).out).unwrap();
    assert_eq!(document["summary"], json!({ "add": 5, "change": 1, "destroy": 0 }));
    let steps = document["steps"].as_array().unwrap();
    let risky: Vec<&Json> = steps.iter().filter(|step| step["risk"].is_object()).collect();
    assert_eq!(risky.len(), 1, "{risky:#?}");
    assert_eq!((&risky[0]["address"], &risky[0]["risk"]["class"]), (&json!(GRANT), &json!("high")));
    assert!(story.ends_with(0, &["show", "plan.json"]).out.contains("Plan: 5 to add, 1 to change, 0 to destroy."));
    assert!(!std::fs::read_to_string(story.path().join("plan.json")).unwrap().contains("PRIVATE KEY"));
}

fn what_was_not_reviewed_is_refused(story: &Story) {
    // Before the merge the plan is not what `main` declares.
    story.git(&["switch", "--quiet", "main"]);
    let said = story.refused(&APPLY);
    assert!(said.contains("from other manifests"), "{said}");
    assert_eq!(story.asked(), [""; 0], "the tenant need not be asked");
    story.git(&["switch", "--quiet", "mail-reports"]);

    // Meanwhile somebody changes the tenant.
    story.edits("exo", &json!({ "displayName": "Exchange, do not touch" }));
    let said = story.refused(&APPLY);
    let moved = "exo/application: displayName was \"Exchange automation\" and is \"Exchange, do not touch\"";
    assert!(said.contains(moved) && said.contains("plan again"), "{said}");
    assert!(story.asked().iter().any(|told| told.starts_with("GET /v1.0/applications")), "it was read anew");
    assert_eq!(story.application("exo")["displayName"], "Exchange, do not touch");
}

/// A new plan in the same comment; then what was reviewed is done without a question.
fn merge(story: &Story, first: &str) {
    let comment = story.ends_with(EXIT_CHANGES, &PLAN).out;
    assert_eq!(comment.lines().next(), first.lines().next(), "the marker");
    assert!(comment.contains("\"Exchange, do not touch\" -> \"Exchange operations\""), "{comment}");
    story.merges();
    let applied = story.ends_with(0, &APPLY).out;
    assert!(applied.contains("Apply complete! Resources: 5 added, 1 changed, 0 destroyed."), "{applied}");
    assert!(!story.writes().is_empty(), "the log tells of writes");
    assert_eq!(story.application("exo")["displayName"], "Exchange operations");
    let planned = story.ends_with(EXIT_IN_LINE, &["plan", "--detailed-exitcode"]).out;
    assert!(planned.starts_with("No changes."), "{planned}");
    assert!(story.ends_with(EXIT_IN_LINE, &["drift"]).out.contains("In line."));
    story.ends_with(1, &APPLY);
}

/// With rule, severity and place; the certificate first.
fn both_are_found(story: &Story, thumbprint: &str) {
    story.bench.control("DELETE", "requests", &Json::Null);
    let shown = story.ends_with(EXIT_CHANGES, &["drift"]).out;
    let (first, second) = (story.line(EXCHANGE, "exo:"), story.line(MAIL, "mail:"));
    assert!(shown.contains(&format!("! undeclared application: certificate `backup job` ({thumbprint}, ")), "{shown}");
    assert!(
        shown.contains("~ changed application: `displayName` is \"Mail\" and \"Mail reports\" is declared"),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("({EXCHANGE}:{first})")) && shown.contains(&format!("({MAIL}:{second})")),
        "{shown}"
    );
    assert!(shown.ends_with("Drift: 1 error, 1 warning on 2 applications.\n"), "{shown}");
    let expected = [
        json!(["undeclared", "error", "exo/application", EXCHANGE, first]),
        json!(["changed", "warning", "mail/application", MAIL, second]),
    ];
    assert_eq!(found(story, &["drift", "--json"]), expected);
    let document: Json =
        serde_json::from_str(&story.ends_with(EXIT_CHANGES, &["drift", "--format", "sarif"]).out).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap().iter();
    let results: Vec<Json> = results
        .map(|result| {
            let location = &result["locations"][0];
            let (physical, logical) = (&location["physicalLocation"], &location["logicalLocations"][0]);
            let (file, line) = (&physical["artifactLocation"]["uri"], &physical["region"]["startLine"]);
            json!([result["ruleId"], result["level"], logical["fullyQualifiedName"], file, line])
        })
        .collect();
    assert_eq!(results, expected);
    assert_eq!(story.writes(), [""; 0], "to look changes nothing");
}

fn one_is_accepted_and_one_put_back(story: &mut Story, thumbprint: &str) {
    let by = ["--owner", "Zoe Howard", "--until", "2027-01-31", "--reason", "the backup's, until it has its own"];
    let accept = [&["drift", "--target", "exo", "--write-baseline", "baseline.yaml"], &by[..]].concat();
    story.ends_with(0, &accept);
    story.git(&["add", "baseline.yaml"]);
    story.git(&["commit", "--quiet", "-m", "Accept the backup's certificate"]);
    let accepted = ["drift", "--baseline", "baseline.yaml"];
    let shown = story.ends_with(EXIT_CHANGES, &accepted).out;
    assert!(shown.contains("exo/application undeclared, by Zoe Howard until 2027-01-31"), "{shown}");
    assert!(shown.ends_with("Drift: 0 errors, 1 warning on 1 application; 1 accepted.\n"), "{shown}");

    // The edit is put back, and the certificate is nobody's to take away.
    let applied = story.ends_with(0, &["apply", "--auto-approve"]).out;
    assert!(applied.contains("Apply complete! Resources: 0 added, 1 changed, 0 destroyed."), "{applied}");
    assert_eq!(story.application("mail")["displayName"], "Mail reports");
    assert!(story.thumbprints().iter().any(|it| it == thumbprint));
    let shown = story.ends_with(EXIT_IN_LINE, &accepted).out;
    assert!(shown.contains("In line. 10 resources as declared; 1 accepted."), "{shown}");
    story.ends_with(EXIT_CHANGES, &["drift"]);

    // What was accepted counts again after its last day.
    story.bench.turn_to_day(71);
    story.ends_with(EXIT_IN_LINE, &accepted);
    story.bench.turn_to_day(72);
    let shown = story.ends_with(EXIT_CHANGES, &accepted).out;
    assert!(shown.contains("Zoe Howard accepted exo/application (undeclared) until 2027-01-31"), "{shown}");
}

/// Rule, severity, address, file and line of each finding.
fn found(story: &Story, arguments: &[&str]) -> Vec<Json> {
    let document: Json = serde_json::from_str(&story.ends_with(EXIT_CHANGES, arguments).out).unwrap();
    let findings = document["findings"].as_array().unwrap().iter();
    let told =
        findings.map(|it| json!([it["rule"], it["severity"], it["address"], it["place"]["file"], it["place"]["line"]]));
    told.collect()
}

#[test]
#[ignore = "needs Python with jsonschema at ACCREDIT_PYTHON; .ci/run makes one"]
fn the_sarif_of_the_break_in_is_as_its_standard_says() {
    let story = Story::begins();
    story.breaks_in();
    story.edits("exo", &json!({ "displayName": "Exchange, do not touch" }));
    let sarif = story.ends_with(EXIT_CHANGES, &["drift", "--format", "sarif"]).out;
    let document: Json = serde_json::from_str(&sarif).unwrap();
    assert_eq!(document["runs"][0]["results"].as_array().unwrap().len(), 2);
    let broken = sarif.replace("\"level\": \"warning\"", "\"level\": \"terrible\"");
    for (name, text) in [("drift.sarif", &sarif), ("broken.sarif", &broken)] {
        std::fs::write(story.path().join(name), text).unwrap();
    }
    let output = Command::new(std::env::var_os("ACCREDIT_PYTHON").expect("a Python with jsonschema"))
        .arg(repository("tests/interop/json_schema.py"))
        .args(["sarif", "drift.sarif", "broken.sarif"])
        .current_dir(story.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let [sound, broken]: [String; 2] = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(sound, "");
    assert!(broken.contains("terrible"), "{broken}");
}
