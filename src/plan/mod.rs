//! The planner: a pure function from what is declared and what was found to a [`Plan`].
//!
//! It does no I/O, reads no clock and holds no secret; the same input gives the same plan, byte for byte.

mod approve;
mod order;

pub use approve::{Approved, Limits, Refusal, approve};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::diff::diff;
use crate::kinds::{Context, Findings, How, Intent, KINDS, Resource, kind};
use crate::model::{Action, Address, Desired, Drift, Plan, Problem, Reason, Severity, Snapshot, Step, Value};

/// Compares what is declared with what was found.
///
/// # Errors
/// Every problem at once: names this tenant does not know, a protected application that would go, an application of
/// another estate, one that was deleted and still holds its name.
pub fn plan(desired: &Desired, actual: &Snapshot, now: Timestamp, intent: Intent) -> Result<Plan, Vec<Problem>> {
    let mut findings = Findings::default();
    let context = Context::new(desired, actual, now, intent, &mut findings.problems);
    for kind in KINDS {
        kind.resources(&context, &mut findings);
    }
    let Findings { resources, mut drift, rotations, mut problems } = findings;
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        problems.sort_by(|one, other| (&one.place, &one.message).cmp(&(&other.place, &other.message)));
        problems.dedup();
        return Err(problems);
    }
    let mut steps = BTreeMap::new();
    let mut unchanged = BTreeSet::new();
    for resource in resources {
        let address = resource.address.clone();
        match step(resource) {
            Some(step) => {
                if step.reason == Reason::Undeclared {
                    drift.push(undeclared(&step));
                }
                steps.insert(address, step);
            }
            None if desired.declares(&address.holder) => {
                unchanged.insert(address);
            }
            None => {}
        }
    }
    let notices = notices(actual, &steps);
    drift.sort_by(|one, other| (&one.address, &one.message).cmp(&(&other.address, &other.message)));
    Ok(Plan {
        tenant: actual.tenant.id.clone(),
        organization: actual.tenant.initial_domain.clone(),
        estate: desired.estate.clone(),
        now,
        steps: order::in_order(steps),
        unchanged,
        drift,
        rotations,
        notices,
        applications: actual.applications.len(),
    })
}

/// What could not be looked at, where a step depends on it.
fn notices(actual: &Snapshot, steps: &BTreeMap<Address, Step>) -> Vec<String> {
    let uploads = |step: &Step| step.address.kind == "certificate" && !step.action.is_delete();
    let is_blind = !actual.key_policies.is_known && steps.values().any(uploads);
    let unknown = "the tenant's app management policies cannot be read (`Policy.Read.All` is missing): whether one of them \
                   refuses a new certificate is seen by `apply` alone";
    is_blind.then(|| unknown.to_owned()).into_iter().collect()
}

/// What is to be done about one resource, if anything.
fn step(resource: Resource) -> Option<Step> {
    let Resource { address, desired, actual, how, needs, reason, notes } = resource;
    let kind = kind(&address.kind).map(|(_, kind)| kind);
    let (action, usual) = match (desired, actual) {
        (None, None) => return None,
        (None, Some((id, before))) => (Action::Delete { id, before }, Reason::Undeclared),
        (Some(after), None) if how == How::Prove => (Action::Prove { after }, Reason::Unproven),
        (Some(after), None) => (Action::Create { after }, Reason::Missing),
        (Some(after), Some((id, before))) => {
            let forces = kind.map_or(&[][..], |kind| kind.forces_replacement());
            let changes = diff(&after, &before, forces);
            if changes.is_empty() {
                return None;
            }
            if how == How::Renew {
                (Action::Renew { id, changes, after }, Reason::CannotChangeInPlace)
            } else {
                (Action::Update { id, changes, after }, Reason::Differs)
            }
        }
    };
    let referred = action.after().into_iter().flat_map(|after| after.values()).flat_map(Value::outputs);
    let referred = referred.map(|output| output.of.clone()).filter(|of| *of != address);
    let needs = needs.into_iter().chain(referred).collect();
    Some(Step { reason: reason.unwrap_or(usual), address, action, notes, needs })
}

fn undeclared(step: &Step) -> Drift {
    let Address { holder: _, kind, name } = &step.address;
    let what = match kind.as_str() {
        "appRoleAssignment" | "oauth2PermissionGrant" => format!("consent to {name} is not declared"),
        "roleAssignment" => format!("the role {name} is not declared"),
        _ => "it is not declared".to_owned(),
    };
    Drift { address: step.address.clone(), severity: Severity::Error, message: what, removed: true }
}
