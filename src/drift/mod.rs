//! What is not as the manifests say: from what is declared and what was found to findings. A pure function; who reads and
//! who is told stands elsewhere.
//!
//! There is no state file, so nothing here claims to know who moved: a field that differs was changed in the tenant or in the
//! manifest, and what is declared and not there was taken away or never made.

mod aside;
mod baseline;
mod differences;
mod expiry;
mod hands;
mod inventory;
mod remedies;
mod taken;
mod undeclared_rights;

pub use baseline::{accept, entries};
pub use inventory::Inventory;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::kinds::Intent;
use crate::model::{Circumstances, Desired, Finding, FindingClass, Plan, Problem, Rule, Selection, Snapshot};
use crate::plan::plan_selected;

use aside::Aside;

/// The plan for what can be planned, with everything that somebody should look at as its findings, the worst first.
///
/// # Errors
/// What the manifests say and this tenant does not know. What stands in the way of a plan because the tenant has drifted is
/// a finding instead: an application that was deleted, that another estate has marked, or that is protected and in no
/// manifest.
pub fn drift(
    mut desired: Desired,
    mut snapshot: Snapshot,
    now: Timestamp,
    selection: &Selection,
) -> Result<Plan, Vec<Problem>> {
    let Aside { mut findings, applications, taken } = aside::set_aside(&mut desired, &mut snapshot);
    findings.extend(taken::of(taken, &applications, (&desired, &snapshot), now, selection)?);
    let mut plan = plan_selected(&desired, &snapshot, now, Intent::Reconcile, selection)?;
    findings.append(&mut plan.findings);
    findings.extend(differences::of(&plan, &desired));
    findings.extend(undeclared_rights::of(&desired, &snapshot, selection));
    findings.extend(expiry::of(&plan, &desired, &snapshot));
    snapshot.applications.extend(applications);
    let hands = hands::Hands::of(&snapshot);
    for finding in &mut findings {
        let known = Circumstances {
            since: finding.circumstances.since.or_else(|| expiry::since(&plan, &snapshot, finding)),
            until: finding.circumstances.until.or_else(|| expiry::until(&snapshot, finding)),
            could_have: hands.could_have(finding),
            ..std::mem::take(&mut finding.circumstances)
        };
        finding.circumstances = known;
        if finding.circumstances.remedy.is_empty() {
            finding.circumstances.remedy = remedies::of(finding);
        }
    }
    sort(&mut findings);
    plan.findings = findings;
    plan.drift = true;
    Ok(plan)
}

/// The worst first, and those of one application together.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|one, other| {
        let order = |finding: &Finding| {
            let Finding { rule, severity, address, subject, message, .. } = finding;
            (std::cmp::Reverse(*severity), *rule, address.clone(), subject.clone(), message.clone())
        };
        order(one).cmp(&order(other))
    });
}

/// Whether a run that is to fail on these classes fails on this finding: one that nobody has accepted.
pub fn fails(finding: &Finding, classes: &BTreeSet<FindingClass>) -> bool {
    finding.circumstances.accepted.is_none() && classes.contains(&finding.rule.class())
}

/// What a run fails on where nobody says it. What no manifest is about is no reason to wake anybody.
pub fn usual_classes() -> BTreeSet<FindingClass> {
    FindingClass::ALL.into_iter().filter(|class| *class != FindingClass::Inventory).collect()
}

/// A finding of which nothing else is known yet.
fn finding(rule: Rule, severity: crate::model::Severity, address: crate::model::Address, message: String) -> Finding {
    let (subject, circumstances) = (String::new(), Circumstances::default());
    Finding { rule, severity, address, subject, message, removed: false, place: None, circumstances }
}
