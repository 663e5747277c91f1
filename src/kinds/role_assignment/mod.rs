//! `roleAssignment`: a directory role of an application's service principal or of a user.

mod wire;

pub use wire::{role_assignment, role_definition};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::model::{Action, Address, DesiredRole, Fields, ObservedRoleAssignment, Problem, Reason, Step, Value};

use super::context::no_such_user;
use super::write::{Certificates, Request, Write};
use super::{Context, Intent, Kind, Resource, Survey};

pub(super) struct RoleAssignment;

const NAME: &str = "roleAssignment";

impl Kind for RoleAssignment {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, actual) in context.applications() {
            // Not declared is not managed; and roles go with their application.
            let Some(roles) = desired.and_then(|desired| desired.roles.as_ref()) else { continue };
            let principal = context.service_principal_id(handle);
            let service_principal = actual.and_then(|actual| actual.service_principal.as_ref());
            let found = service_principal.map_or(&[][..], |sp| &sp.role_assignments);
            let wanted = roles.iter().collect();
            assignments(context, handle, &principal, wanted, found, Some(&Reason::Undeclared), survey);
        }
        let mut users: BTreeMap<&str, Vec<&DesiredRole>> = BTreeMap::new();
        for declared in &context.desired.user_roles {
            users.entry(&declared.user).or_default().push(&declared.role);
        }
        for (user, roles) in users {
            let Some(id) = context.user(user) else {
                let declared = context.desired.user_roles.iter().find(|declared| declared.user == user);
                survey.problems.extend(declared.map(|declared| no_such_user(user, &declared.user_place)));
                continue;
            };
            let found = context.snapshot.user_roles.get(id).map_or(&[][..], Vec::as_slice);
            let principal = Value::named(id, user);
            match context.intent {
                // What else a user may do is not ours to say.
                Intent::Reconcile => assignments(context, user, &principal, roles, found, None, survey),
                Intent::Destroy => {
                    let declared: BTreeSet<String> = roles.iter().filter_map(|role| key(context, role)).collect();
                    let ours: Vec<ObservedRoleAssignment> = found
                        .iter()
                        .filter(|found| declared.contains(&observed_key(context, found)))
                        .cloned()
                        .collect();
                    let reason = Reason::Destroyed;
                    assignments(context, user, &principal, Vec::new(), &ours, Some(&reason), survey);
                }
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        const PATH: &str = "/roleManagement/directory/roleAssignments";
        let create = |after: &Fields| {
            let id = |name: &str| after.get(name).and_then(Value::id).unwrap_or_default();
            let having = json!({
                "roleDefinitionId": id("roleDefinitionId"),
                "principalId": id("principalId"),
                "directoryScopeId": id("directoryScopeId"),
            });
            let mut body = json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment" });
            if let (Some(body), Some(having)) = (body.as_object_mut(), having.as_object()) {
                body.extend(having.clone());
            }
            let look = format!("{PATH}?$filter=principalId eq '{}'", id("principalId"));
            Write::Graph(Request::post(PATH.to_owned(), body).or_look(look, having))
        };
        let delete = |id: &str| Write::Graph(Request::delete(format!("{PATH}/{id}")));
        match &step.action {
            Action::Create { after } => vec![create(after)],
            Action::Delete { id, before: _ } => vec![delete(id)],
            Action::Update { .. } | Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

/// The declared and found assignments of one principal. Found ones that are not declared are removed for `undeclared`,
/// or left alone where that is `None`.
fn assignments(
    context: &Context<'_>,
    holder: &str,
    principal: &Value,
    roles: Vec<&DesiredRole>,
    found: &[ObservedRoleAssignment],
    undeclared: Option<&Reason>,
    survey: &mut Survey,
) {
    let mut found: BTreeMap<String, &ObservedRoleAssignment> =
        found.iter().map(|found| (observed_key(context, found), found)).collect();
    for role in roles {
        let value = match context.role(role) {
            Ok(value) => value,
            Err(problem) => {
                survey.problems.push(problem);
                continue;
            }
        };
        let actual = key(context, role).and_then(|key| found.remove(&key));
        let actual = actual.map(|actual| (actual.id.clone(), observed(context, actual, principal)));
        let mut resource = Resource::new(
            address(holder, &value, &role.scope),
            Some(fields(value, principal.clone(), &role.scope)),
            actual,
        );
        if let Some(justification) = &role.justification {
            resource.notes.push(format!("justification: {justification}"));
        }
        survey.resources.push(resource);
    }
    let Some(reason) = undeclared else { return };
    for found in found.into_values() {
        let role = context.role_by_id(&found.role_definition_id);
        let fields = observed(context, found, principal);
        let address = address(holder, &role, &found.directory_scope_id);
        let mut resource = Resource::new(address, None, Some((found.id.clone(), fields)));
        resource.reason = Some(reason.clone());
        survey.resources.push(resource);
    }
}

fn address(holder: &str, role: &Value, scope: &str) -> Address {
    let name = if let Value::Named(role) = role { role.name.as_str() } else { "" };
    Address::new(holder, NAME, if scope == "/" { name.to_owned() } else { format!("{name} on {scope}") })
}

fn fields(role: Value, principal: Value, scope: &str) -> Fields {
    Fields::from([
        ("roleDefinitionId".to_owned(), role),
        ("principalId".to_owned(), principal),
        ("directoryScopeId".to_owned(), Value::text(scope)),
    ])
}

fn observed(context: &Context<'_>, found: &ObservedRoleAssignment, principal: &Value) -> Fields {
    fields(context.role_by_id(&found.role_definition_id), principal.clone(), &found.directory_scope_id)
}

/// What tells one principal's assignments apart: the role's own id in this tenant and the scope.
fn key(context: &Context<'_>, role: &DesiredRole) -> Option<String> {
    let value: Result<Value, Problem> = context.role(role);
    Some(format!("{} {}", value.ok()?.id()?, role.scope))
}

fn observed_key(context: &Context<'_>, found: &ObservedRoleAssignment) -> String {
    let role = context.role_by_id(&found.role_definition_id);
    format!("{} {}", role.id().unwrap_or_default(), found.directory_scope_id)
}
