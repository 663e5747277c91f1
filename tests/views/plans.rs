//! Plans to be shown: those that the scenarios expect, and such as are made here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use accredit::model::{
    Action, Address, CertificateLife, Circumstances, FieldChange, Fields, Finding, Generation, GenerationState, Place,
    Plan, Reason, Rule, Severity, Step, Thumbprint, Value,
};
use accredit::render::from_json;
use jiff::{SignedDuration, Timestamp};

pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folders that a scenario has for each of its steps.
pub(crate) fn scenarios() -> Vec<PathBuf> {
    let entries = |directory: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
    };
    let mut found: Vec<PathBuf> =
        entries(&repository("tests/scenarios")).iter().flat_map(|scenario| entries(scenario)).collect();
    found.sort();
    assert!(found.len() > 12, "{found:?}");
    found
}

/// The JSON that a scenario expects. Thumbprints have one name there, and are told apart here.
pub(crate) fn expected_json(scenario: &Path) -> String {
    let text = std::fs::read_to_string(scenario.join("plan.json")).unwrap();
    let mut out = String::new();
    for (number, part) in text.split("THUMBPRINT").enumerate() {
        if number > 0 {
            out += &format!("{number:040X}");
        }
        out += part;
    }
    out
}

pub(crate) fn expected(scenario: &Path) -> Plan {
    from_json(&expected_json(scenario)).unwrap()
}

pub(crate) fn empty() -> Plan {
    Plan {
        tenant: "6f1d4b0e-0d3c-4a57-9d2b-0c1f5a7e9b11".to_owned(),
        organization: "contoso.onmicrosoft.com".to_owned(),
        estate: "messaging-team".to_owned(),
        place: Some(place("manifests/estate.yaml", 2)),
        now: noon(),
        steps: Vec::new(),
        observed: BTreeMap::new(),
        unchanged: BTreeSet::new(),
        findings: Vec::new(),
        notices: Vec::new(),
        rotations: Vec::new(),
        certificates: Vec::new(),
        drift: false,
        rights: None,
        applications: 0,
        selection: accredit::model::Selection::default(),
    }
}

pub(crate) fn place(file: &str, line: usize) -> Place {
    Place { file: file.into(), line, column: 3, start: 0, end: 1 }
}

pub(crate) fn step(address: Address, action: Action, reason: Reason) -> Step {
    Step { address, action, reason, notes: Vec::new(), needs: BTreeSet::new(), risk: None, removes_operator: false }
}

fn fields(pairs: &[(&str, Value)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// An estate of so many applications, each with five steps: five out of six are new, each sixth is deleted.
pub(crate) fn estate(applications: usize) -> Plan {
    let mut plan = Plan { applications, ..empty() };
    for number in 0..applications {
        let handle = format!("app-{number:04}");
        let of = |kind: &str, name: &str| Address::new(handle.clone(), kind, name);
        let application = fields(&[
            ("displayName", Value::text(format!("Nightly export {number}"))),
            ("signInAudience", Value::text("AzureADMyOrg")),
            ("tags", Value::set([Value::text("accredit:estate:messaging-team"), Value::text("nightly")])),
            ("uniqueName", Value::text(&handle)),
        ]);
        if number % 6 == 5 {
            let gone = Action::Delete { id: format!("id-{number}"), before: application };
            plan.steps.push(step(of("application", ""), gone, Reason::RemovedFromManifests));
            continue;
        }
        let certificate = fields(&[
            ("subject", Value::text(format!("CN={handle}"))),
            ("thumbprint", Value::output(of("certificate", "main"), "thumbprint")),
        ]);
        let principal = fields(&[("appId", Value::output(of("application", ""), "appId"))]);
        let role = fields(&[(
            "roleDefinitionId",
            Value::named("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
        )]);
        for (address, after) in [
            (of("certificate", "main"), certificate),
            (of("application", ""), application),
            (of("servicePrincipal", ""), principal.clone()),
            (of("appRoleAssignment", "Office 365 Exchange Online/Exchange.ManageAsApp"), principal),
            (of("roleAssignment", "Exchange Administrator"), role),
        ] {
            plan.steps.push(step(address, Action::Create { after }, Reason::Missing));
        }
        let end = noon() + SignedDuration::from_hours(24 * i64::try_from(number % 365).unwrap());
        plan.certificates.push(CertificateLife {
            address: of("certificate", "main"),
            generations: vec![Generation {
                state: GenerationState::Active,
                thumbprint: Thumbprint::parse(&format!("{number:040X}")),
                not_before: Some(end - SignedDuration::from_hours(24 * 365)),
                not_after: Some(end),
                removed_from: None,
            }],
            renewed_from: Some(end - SignedDuration::from_hours(24 * 30)),
        });
    }
    plan
}

/// A finding of each severity, one with a place of its own and one without.
pub(crate) fn with_findings() -> Plan {
    let mut plan = empty();
    let address = Address::new("exo", "application", "");
    let of = |rule, severity, subject: &str, message: &str, place| Finding {
        rule,
        severity,
        address: address.clone(),
        subject: subject.to_owned(),
        message: message.to_owned(),
        removed: false,
        place,
        circumstances: Circumstances::default(),
    };
    plan.findings = vec![
        of(Rule::Disabled, Severity::Warning, "", "it is disabled", None),
        of(
            Rule::Undeclared,
            Severity::Error,
            "11111111-2222-3333-8444-555555555555",
            "client secret `100 %: a,\u{1b}[31mb\n::add-mask::<x>` can sign in",
            Some(place("./manifests/exo, live.yaml", 4)),
        ),
    ];
    plan
}

/// One step with fields of every form.
pub(crate) fn update(path: &str, before: Value, after: Value) -> Action {
    let change = FieldChange { path: path.to_owned(), before, after: after.clone(), forces_replacement: false };
    Action::Update { id: "id".to_owned(), changes: vec![change], after: fields(&[(path, after)]) }
}
