//! The planner: a pure function from what is declared and what was found to a [`Plan`].
//!
//! It does no I/O, reads no clock and holds no secret; the same input gives the same plan, byte for byte.

mod approve;
mod order;
mod own_access;
mod replace;
mod rights;
mod risk;
mod select;

pub use approve::{Approved, Limits, Refusal, approve};
pub use replace::{CannotReplace, replace};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::catalog::apis::{EXCHANGE_ONLINE, EXCHANGE_ONLINE_PROTECTION};
use crate::catalog::roles;
use crate::diff::diff;
use crate::kinds::{Context, How, Intent, KINDS, Resource, Survey, kind};
use crate::model::{
    Action, Address, Circumstances, Desired, Finding, Observed, Plan, Problem, Reason, Risk, Rule, Selection, Severity,
    Snapshot, Step, Value,
};
use crate::policy;

/// Compares what is declared with what was found.
///
/// # Errors
/// Every problem at once: names this tenant does not know, a protected application that would go, an application of
/// another estate, one that was deleted and still holds its name.
pub fn plan(desired: &Desired, actual: &Snapshot, now: Timestamp, intent: Intent) -> Result<Plan, Vec<Problem>> {
    plan_selected(desired, actual, now, intent, &Selection::default())
}

/// The same for a part of the estate: what is targeted with what it needs, and nothing that is excluded or needs what is.
///
/// # Errors
/// Those of [`plan`], and patterns that mean nothing.
pub fn plan_selected(
    desired: &Desired,
    actual: &Snapshot,
    now: Timestamp,
    intent: Intent,
    selection: &Selection,
) -> Result<Plan, Vec<Problem>> {
    let narrowed = narrowed(desired, actual, selection);
    let (desired, actual) = narrowed.as_ref().map_or((desired, actual), |(desired, actual)| (desired, actual));
    let mut survey = Survey::default();
    let context = Context::new(desired, actual, now, intent, &mut survey.problems);
    for kind in KINDS {
        kind.resources(&context, &mut survey);
    }
    let Survey { resources, mut findings, mut rotations, mut certificates, mut problems, notices: warnings } = survey;
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        problems.sort_by(|one, other| (&one.place, &one.message).cmp(&(&other.place, &other.message)));
        problems.dedup();
        return Err(problems);
    }
    let estate: Vec<Step> = resources.iter().filter_map(from_nothing).collect();
    let found = resources.iter().filter_map(|resource| Some((resource.address.clone(), resource.actual.clone()?)));
    let mut observed: BTreeMap<Address, Observed> =
        found.map(|(address, (id, fields))| (address, Observed { id, fields })).collect();
    let mut steps = BTreeMap::new();
    let mut unchanged = BTreeSet::new();
    for resource in resources {
        let address = resource.address.clone();
        match step(resource) {
            Some(step) => {
                // A scope that no role holds for any more is of our own making.
                if step.reason == Reason::Undeclared && step.address.kind != "exchangeScope" {
                    findings.push(undeclared(&step, desired));
                }
                steps.insert(address, step);
            }
            None if desired.declares(&address.holder) => {
                unchanged.insert(address);
            }
            None => {}
        }
    }
    let known: BTreeSet<Address> = steps.keys().chain(&unchanged).chain(observed.keys()).cloned().collect();
    let unmatched = select::unmatched(selection, &known);
    if !unmatched.is_empty() {
        return Err(unmatched);
    }
    let select::Selected { mut steps, notices: partial } = select::select(steps, selection);
    findings = select::findings(findings, &steps, selection);
    unchanged.retain(|address| selection.covers(address));
    observed.retain(|address, _| selection.covers(address) || steps.contains_key(address));
    rotations.retain(|rotation| selection.covers(&rotation.address));
    certificates.retain(|certificate| selection.covers(&certificate.address));
    let made_here = risk::made_here(desired);
    let at_risk: Vec<(Address, Option<Risk>, bool)> = steps
        .values()
        .map(|step| {
            (step.address.clone(), risk::of(step, &steps, &made_here, actual), own_access::is_removed_by(step, actual))
        })
        .collect();
    for (address, risk, removes_operator) in at_risk {
        if let Some(step) = steps.get_mut(&address) {
            (step.risk, step.removes_operator) = (risk, removes_operator);
        }
    }
    let steps = order::in_order(steps);
    if intent == Intent::Reconcile {
        findings.extend(out_of_line(desired, actual, now, &steps));
    }
    let warnings = partial.into_iter().chain(warnings);
    let notices = warnings.chain(notices(desired, actual, &steps)).collect();
    let rights = rights::rights(&steps, &estate, (desired, intent), actual, now);
    findings.sort_by(|one, other| (&one.address, &one.message).cmp(&(&other.address, &other.message)));
    Ok(Plan {
        tenant: actual.tenant.id.clone(),
        organization: actual.tenant.initial_domain.clone(),
        estate: desired.estate.clone(),
        place: desired.estate_place.clone(),
        now,
        steps,
        observed,
        unchanged,
        findings,
        rotations,
        certificates,
        notices,
        rights: Some(rights),
        drift: false,
        applications: actual.applications.len(),
        selection: selection.clone(),
    })
}

/// What is declared and what was found of what is selected; `None` where that is all of it.
fn narrowed(desired: &Desired, actual: &Snapshot, selection: &Selection) -> Option<(Desired, Snapshot)> {
    if selection.is_everything() {
        return None;
    }
    let (mut desired, mut actual) = (desired.clone(), actual.clone());
    desired.narrow(selection);
    actual.applications.retain(|handle, _| selection.looks_at(handle));
    Some((desired, actual))
}

/// What is not in line with the estate's policies, and what of the plan takes somebody's approval.
fn out_of_line(desired: &Desired, actual: &Snapshot, now: Timestamp, steps: &[Step]) -> Vec<Finding> {
    let mut findings = policy::declared(desired);
    // What was given before was approved then; what is given by this plan is known from its steps.
    findings.retain(|finding| finding.rule != Rule::ApprovalNeeded);
    findings.extend(policy::approvals(desired, steps, actual));
    let mut found = policy::found(desired, actual, now);
    found.retain(|finding| finding.rule != Rule::ApprovalNeeded);
    for finding in &mut found {
        finding.removed = steps.iter().any(|step| takes_away(step, &finding.address, actual));
    }
    findings.extend(found);
    findings
}

/// Whether a step removes the credential that a finding is about.
fn takes_away(step: &Step, found: &Address, actual: &Snapshot) -> bool {
    if step.address == *found {
        return step.action.is_delete();
    }
    let Action::Update { id: _, changes, after } = &step.action else { return false };
    if step.address.kind != "application" || step.address.holder != found.holder || found.kind != "keyCredential" {
        return false;
    }
    let credentials = actual.applications.get(&found.holder).map_or(&[][..], |it| it.key_credentials.as_slice());
    let credential = credentials.iter().find(|credential| credential.key_id == found.name);
    let thumbprint = credential.and_then(|credential| credential.thumbprint.as_ref()).map(ToString::to_string);
    let is_it = |value: &Value| value.id().is_some_and(|id| id == found.name || Some(id) == thumbprint.as_deref());
    let there = changes.iter().find(|change| change.path == "keyCredentials").map(|change| &change.before);
    there.into_iter().flat_map(Value::members).any(is_it)
        && !after.get("keyCredentials").into_iter().flat_map(Value::members).any(is_it)
}

/// The step that would make a declared resource if it were not there.
fn from_nothing(resource: &Resource) -> Option<Step> {
    let after = resource.desired.clone()?;
    let (address, reason) = (resource.address.clone(), Reason::Missing);
    Some(Step::new(address, Action::Create { after }, reason))
}

/// What to know besides: what could not be looked at where a step depends on it, and what takes its time.
fn notices(desired: &Desired, actual: &Snapshot, steps: &[Step]) -> Vec<String> {
    let mut notices = Vec::new();
    let uploads = |step: &Step| step.address.kind == "certificate" && !step.action.is_delete();
    if !actual.key_policies.is_known && steps.iter().any(uploads) {
        notices.push(
            "the tenant's app management policies cannot be read (`Policy.Read.All` is missing): whether one of them \
             refuses a new certificate is seen by `apply` alone"
                .to_owned(),
        );
    }
    if steps.iter().any(|step| is_new_to_exchange(desired, actual, step)) {
        notices.push(
            "Exchange Online may take up to 15 minutes to know of new permissions and roles, and a token from before \
             never does: whoever connects at once may be refused"
                .to_owned(),
        );
    }
    if steps.iter().any(is_of_exchanges_own_roles) {
        notices.push(
            "roles of Exchange's own take 30 minutes to 2 hours until they have effect, and as long until one that was taken \
             away has none: Exchange keeps what an application may do in memory as long as it is at work"
                .to_owned(),
        );
    }
    notices
}

/// Whether a step changes which roles of Exchange's own an application has.
fn is_of_exchanges_own_roles(step: &Step) -> bool {
    ["exchangeRoleAssignment", "exchangeRoleGroupMember"].contains(&step.address.kind.as_str())
}

/// Whether a step lets an application into Exchange Online, or lets it do more there.
fn is_new_to_exchange(desired: &Desired, actual: &Snapshot, step: &Step) -> bool {
    let Action::Create { after } = &step.action else { return false };
    let id = |field: &str| after.get(field).and_then(Value::id).unwrap_or_default();
    match step.address.kind.as_str() {
        "appRoleAssignment" => {
            let api = actual.apis.iter().find(|api| api.id == id("resourceId"));
            api.is_some_and(|api| [EXCHANGE_ONLINE, EXCHANGE_ONLINE_PROTECTION].contains(&api.app_id.as_str()))
        }
        "roleAssignment" => {
            let role = actual.role_definitions.iter().find(|role| role.id == id("roleDefinitionId"));
            let role = role.and_then(|role| roles::find(&role.template_id));
            desired.applications.contains_key(step.address.holder.as_str())
                && role.is_some_and(roles::is_accepted_by_exchange)
        }
        _ => false,
    }
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
    Some(Step { notes, needs, ..Step::new(address, action, reason.unwrap_or(usual)) })
}

fn undeclared(step: &Step, desired: &Desired) -> Finding {
    let Address { holder: _, kind, name } = &step.address;
    // Which scopes it is for can be changed under the same address, and is another finding then.
    let before = if let Action::Delete { id: _, before } = &step.action { before.get("scope") } else { None };
    let scopes: Vec<&str> = before.into_iter().flat_map(Value::members).filter_map(Value::id).collect();
    let what = match kind.as_str() {
        "oauth2PermissionGrant" => format!("consent to {name} ({}) is not declared", scopes.join(", ")),
        "appRoleAssignment" => format!("consent to {name} is not declared"),
        "roleAssignment" => format!("the role {name} is not declared"),
        "exchangeRoleAssignment" => format!("the Exchange role {name} is not declared"),
        "exchangeRoleGroupMember" => format!("membership in Exchange's role group {name} is not declared"),
        _ => "it is not declared".to_owned(),
    };
    Finding {
        rule: Rule::Undeclared,
        severity: Severity::Error,
        address: step.address.clone(),
        subject: scopes.join(" "),
        message: what,
        removed: true,
        place: desired.place_of(&step.address.holder).cloned(),
        circumstances: Circumstances::default(),
    }
}
