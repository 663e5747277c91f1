//! What an application holds of that with which one can take over the tenant, where its manifest says nothing of permissions or
//! of roles. What is not declared is not managed; but this is for somebody to know.

use crate::catalog::risks::{self, Judgement};
use crate::model::{
    Address, Desired, DesiredApplication, Finding, ObservedApplication, PermissionType, RiskClass, Rule, Selection,
    Severity, Snapshot,
};

use super::finding;

pub(super) fn of(desired: &Desired, snapshot: &Snapshot, selection: &Selection) -> Vec<Finding> {
    let both = desired.applications.iter().filter_map(|(handle, declared)| {
        Some((handle.as_str(), declared, snapshot.applications.get(handle.as_str())?))
    });
    let found = both.flat_map(|(handle, declared, actual)| held(handle, declared, actual, snapshot));
    found.filter(|finding| selection.covers(&finding.address)).collect()
}

fn held(
    handle: &str,
    declared: &DesiredApplication,
    actual: &ObservedApplication,
    snapshot: &Snapshot,
) -> Vec<Finding> {
    let Some(principal) = &actual.service_principal else { return Vec::new() };
    let mut found = Vec::new();
    if declared.permissions.is_none() {
        for held in principal.application_permissions(&snapshot.apis) {
            let risk = risks::of_permission(&held.api.app_id, PermissionType::Application, held.id);
            if let Some((name, why)) = risk.and_then(takeover) {
                let address = Address::new(handle, "appRoleAssignment", format!("{}/{name}", held.api.display_name));
                found.push(told(
                    address,
                    declared,
                    held.id,
                    &format!("the permission {name} is held, {why}"),
                    "permissions",
                ));
            }
        }
    }
    if declared.roles.is_none() {
        for assignment in &principal.role_assignments {
            let known = snapshot.role_definitions.iter().find(|role| role.has_id(&assignment.role_definition_id));
            let template = known.map_or(&assignment.role_definition_id, |role| &role.template_id);
            let scope = assignment.directory_scope_id.as_str();
            if let Some((name, why)) = risks::of_role(template, scope == "/").and_then(takeover) {
                let address = Address::new(handle, "roleAssignment", name);
                found.push(told(address, declared, scope, &format!("the role {name} is held, {why}"), "roles"));
            }
        }
    }
    found
}

/// Its name and what whoever holds it can do, where that is the whole tenant.
fn takeover((name, (class, why)): (&'static str, Judgement)) -> Option<(&'static str, String)> {
    (class == RiskClass::TenantTakeover).then(|| (name, format!("which {why}")))
}

fn told(address: Address, declared: &DesiredApplication, subject: &str, what: &str, key: &str) -> Finding {
    let mut told = finding(Rule::Undeclared, Severity::Error, address, format!("{what}; the manifest has no `{key}`"));
    subject.clone_into(&mut told.subject);
    told.place = Some(declared.place.clone());
    told.circumstances.remedy =
        format!("declare it under `{key}` if it is to stay; if not, find out who gave it, and take it away");
    told
}
