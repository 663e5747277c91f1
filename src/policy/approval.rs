//! Which steps give what a policy wants somebody to approve. What is there already was approved.

use std::collections::BTreeSet;

use crate::model::{Action, Desired, Finding, PermissionType, Place, PolicyLevel, PolicyRule, Snapshot, Step, Value};

use super::{Named, PermissionName, finding, is_role_meant, policies};

/// A finding for each step that gives what a policy of the level `approval` names.
pub fn approvals<'s>(desired: &Desired, steps: impl IntoIterator<Item = &'s Step>, actual: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    let wanted: Vec<Named<'_>> =
        policies(desired).filter(|(_, policy)| policy.level == PolicyLevel::Approval).collect();
    for step in steps {
        for policy in &wanted {
            let Some((what, place)) = given(step, policy, desired, actual) else { continue };
            findings.push(finding(*policy, step.address.clone(), &what, place));
        }
    }
    findings
}

/// What a step gives of what a policy names, in words, with where it is declared.
fn given<'d>(step: &Step, policy: &Named<'d>, desired: &'d Desired, actual: &Snapshot) -> Option<(String, &'d Place)> {
    let (after, changes) = match &step.action {
        Action::Create { after } => (after, &[][..]),
        Action::Update { id: _, changes, after } => (after, changes.as_slice()),
        Action::Renew { .. } | Action::Prove { .. } | Action::Delete { .. } => return None,
    };
    let holder = &step.address.holder;
    let place = desired.place_of(holder).unwrap_or(&policy.1.place);
    let id = |field: &str| after.get(field).and_then(Value::id).unwrap_or_default();
    match &policy.1.rule {
        PolicyRule::ForbiddenPermissions(forbidden) => {
            let api = actual.apis.iter().find(|api| api.id == id("resourceId"))?;
            let there = changes.iter().find(|change| change.path == "scope").map(|change| &change.before);
            let there: BTreeSet<&Value> = there.into_iter().flat_map(Value::members).collect();
            let given: Vec<(PermissionType, Option<&str>, &str)> = match step.address.kind.as_str() {
                "appRoleAssignment" => {
                    let id = id("appRoleId");
                    vec![(PermissionType::Application, Some(id), api.application.get(id).map_or(id, String::as_str))]
                }
                "oauth2PermissionGrant" => after
                    .get("scope")
                    .into_iter()
                    .flat_map(Value::members)
                    .filter(|scope| !there.contains(scope))
                    .filter_map(Value::id)
                    .map(|scope| {
                        let id = api.delegated.iter().find(|(_, value)| *value == scope).map(|(id, _)| id.as_str());
                        (PermissionType::Delegated, id, scope)
                    })
                    .collect(),
                _ => Vec::new(),
            };
            let meant = given.into_iter().filter(|(of, id, name)| {
                let name = PermissionName { api_id: Some(&api.app_id), api: &api.display_name, of: *of, id: *id, name };
                forbidden.iter().any(|forbidden| name.is_meant_by(forbidden))
            });
            let names: Vec<String> = meant.map(|(_, _, name)| format!("`{name}`")).collect();
            (!names.is_empty()).then(|| {
                let declared = desired.applications.get(holder.as_str());
                let permissions = declared.into_iter().flat_map(|declared| declared.permissions.iter().flatten());
                let mut declared = permissions.filter(|permission| {
                    forbidden.iter().any(|forbidden| PermissionName::of(permission).is_meant_by(forbidden))
                        && names.iter().any(|name| name.trim_matches('`').eq_ignore_ascii_case(&permission.permission))
                });
                let place = declared.next().map_or(place, |permission| &permission.place);
                (format!("it is given {} of {}", names.join(", "), api.display_name), place)
            })
        }
        PolicyRule::ForbiddenRoles(forbidden) if step.address.kind == "roleAssignment" => {
            let role = actual.role_definitions.iter().find(|role| role.has_id(id("roleDefinitionId")))?;
            let is_meant = forbidden
                .iter()
                .any(|forbidden| is_role_meant((Some(role.template_id.as_str()), &role.display_name), forbidden));
            is_meant.then(|| {
                let own = desired.applications.get(holder.as_str());
                let own = own.into_iter().flat_map(|declared| declared.roles.iter().flatten());
                let of_user = desired.user_roles.iter().filter(|it| it.user == *holder).map(|it| &it.role);
                let mut declared = own.chain(of_user).filter(|declared| role.is_meant_by(declared));
                let place = declared.next().map_or(place, |declared| &declared.place);
                (format!("it is given the role `{}`", role.display_name), place)
            })
        }
        PolicyRule::ForbiddenRoles(_)
        | PolicyRule::MaximumLifetime(_)
        | PolicyRule::MinimumKeySize(_)
        | PolicyRule::MinimumOwners(_)
        | PolicyRule::NoSecrets
        | PolicyRule::NoPersonalAccounts
        | PolicyRule::HandlePattern(_)
        | PolicyRule::DisplayNamePattern(_)
        | PolicyRule::RequiredTags(_) => None,
    }
}
