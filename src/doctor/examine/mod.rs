//! One application from its key to its role: what was observed, held against what it takes to connect.
//!
//! A check that needs another one to have passed is not made where that failed, so that one cause is told once.

mod application;
mod certificate;
mod consent;
mod proof;
mod role;

pub use proof::{can_sign_in, with_proof};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::failure::failures;
use crate::kinds::DeclaredExchangeAccess;
use crate::model::{
    Certainty, Desired, DesiredApplication, Diagnosis, Examination, ExaminationState, ExaminedApplication,
    FailureNumber, Inspection, ObservedApplication, ObservedServicePrincipal, Remedy, Snapshot, Stage, UnreadableStore,
};

/// What was observed, besides what a plan looks at.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    pub desired: &'a Desired,
    pub snapshot: &'a Snapshot,
    /// Why key stores could not be read, by handle and certificate.
    pub unreadable: &'a BTreeMap<(String, String), UnreadableStore>,
    /// What is in files that certificates are declared to come from, by handle and certificate.
    pub files: &'a BTreeMap<(String, String), Inspection>,
    /// What the applications are declared to have of Exchange's own roles, by handle.
    pub exchange: &'a BTreeMap<String, DeclaredExchangeAccess>,
    /// The `appId`s of service principals that were deleted and can be restored.
    pub deleted_service_principals: &'a BTreeSet<String>,
    pub now: Timestamp,
}

/// What one check comes to.
enum Outcome {
    Passed {
        evidence: Vec<String>,
        notes: Vec<String>,
    },
    Failed(Box<Diagnosis>),
    /// It does not matter here.
    Skipped(String),
}

/// What is checked, and by what.
struct Subject<'a> {
    observed: Observed<'a>,
    handle: &'a str,
    desired: &'a DesiredApplication,
    application: Option<&'a ObservedApplication>,
}

impl<'a> Subject<'a> {
    fn service_principal(&self) -> Option<&'a ObservedServicePrincipal> {
        self.application.and_then(|application| application.service_principal.as_ref())
    }

    /// What a manifest that already says it lacks: an apply.
    fn apply(&self, text: impl Into<String>) -> Remedy {
        Remedy { text: text.into(), manifest: None, commands: vec![format!("accredit apply --target {}", self.handle)] }
    }

    fn run(&self, text: impl Into<String>, commands: &[&str]) -> Remedy {
        let filled = |command: &&str| command.replace("HANDLE", self.handle);
        Remedy { text: text.into(), manifest: None, commands: commands.iter().map(filled).collect() }
    }
}

/// A known failure, with the remedy for what was observed.
fn failed(number: u8, cause: impl Into<String>, evidence: Vec<String>, remedy: Remedy) -> Outcome {
    let mut all = failures();
    let known = all.find(|failure| failure.number == FailureNumber(number)).expect("the catalogue has every number");
    Outcome::Failed(Box::new(Diagnosis {
        failure: Some(known.number),
        title: known.title.to_owned(),
        stage: known.stage,
        certainty: Certainty::Certain,
        cause: cause.into(),
        evidence,
        remedy,
    }))
}

/// A failure without a number.
fn unlisted(stage: Stage, title: &str, cause: String, evidence: Vec<String>, remedy: Remedy) -> Outcome {
    Outcome::Failed(Box::new(Diagnosis {
        failure: None,
        title: title.to_owned(),
        stage,
        certainty: Certainty::Certain,
        cause,
        evidence,
        remedy,
    }))
}

/// The checks in their order, each with those that it needs.
type Check = fn(&Subject<'_>) -> Outcome;
const CHECKS: [(Stage, &[Stage], Check); 6] = [
    (Stage::LocalCertificate, &[], certificate::kept),
    (Stage::Tenant, &[], application::tenant),
    (Stage::Application, &[Stage::Tenant], application::present),
    (Stage::KeyCredential, &[Stage::LocalCertificate, Stage::Application], certificate::uploaded),
    (Stage::Consent, &[Stage::Application], consent::granted),
    (Stage::Role, &[Stage::Application], role::held),
];

/// Looks at one declared application.
pub fn examine(observed: Observed<'_>, handle: &str) -> Option<ExaminedApplication> {
    let desired = observed.desired.applications.get(handle)?;
    let application = observed.snapshot.applications.get(handle);
    let subject = Subject { observed, handle, desired, application };
    let mut examined = ExaminedApplication {
        handle: handle.to_owned(),
        display_name: desired.display_name.clone(),
        app_id: application.map(|application| application.app_id.clone()),
        examinations: Vec::new(),
        diagnoses: Vec::new(),
    };
    for (stage, needs, check) in CHECKS {
        let lacking = needs.iter().find(|need| !has_passed(&examined, **need));
        let outcome = match lacking {
            Some(need) => Outcome::Skipped(format!("needs {}", need.as_str())),
            None => check(&subject),
        };
        let (state, evidence, notes) = match outcome {
            Outcome::Passed { evidence, notes } => (ExaminationState::Passed, evidence, notes),
            Outcome::Skipped(because) => (ExaminationState::Skipped { because }, Vec::new(), Vec::new()),
            Outcome::Failed(diagnosis) => {
                let evidence = diagnosis.evidence.clone();
                examined.diagnoses.push(*diagnosis);
                (ExaminationState::Failed, evidence, Vec::new())
            }
        };
        examined.examinations.push(Examination { stage, state, evidence, notes });
    }
    Some(examined)
}

fn has_passed(examined: &ExaminedApplication, stage: Stage) -> bool {
    let found = examined.examinations.iter().find(|examination| examination.stage == stage);
    found.is_some_and(|examination| examination.state == ExaminationState::Passed)
}
