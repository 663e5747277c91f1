//! `appRoleAssignment`: admin consent to one application permission.

mod wire;

pub use wire::app_role_assignment;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::model::{Action, Address, Fields, PermissionType, Reason, Step, Value};

use super::write::{Certificates, Request, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct AppRoleAssignment;

const NAME: &str = "appRoleAssignment";

/// "Default access": an assignment to an API that has no such role; it grants no permission.
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

impl Kind for AppRoleAssignment {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, actual) in context.applications() {
            // Not declared is not managed; and consent goes with its application.
            if desired.is_none_or(|desired| desired.permissions.is_none()) {
                continue;
            }
            let principal = context.service_principal_id(handle);
            let service_principal = actual.and_then(|actual| actual.service_principal.as_ref());
            let mut found = BTreeMap::new();
            for assignment in service_principal.iter().flat_map(|sp| &sp.app_role_assignments) {
                if assignment.app_role_id == DEFAULT_ACCESS {
                    continue;
                }
                let api = context.api_by_object_id(&assignment.resource_id);
                let value = api.and_then(|api| api.application.get(&assignment.app_role_id));
                let value = value.unwrap_or(&assignment.app_role_id);
                let fields = fields(
                    Value::named(&assignment.app_role_id, value),
                    principal.clone(),
                    Value::named(&assignment.resource_id, &assignment.resource_display_name),
                );
                let key = (assignment.resource_id.as_str(), assignment.app_role_id.as_str());
                let api_name =
                    api.map_or_else(|| assignment.resource_display_name.clone(), |api| context.api_name(api));
                let name = format!("{api_name}/{value}");
                found.insert(key, (name, assignment.id.clone(), fields));
            }
            let mut wanted = BTreeMap::new();
            for permission in context.consented(handle, PermissionType::Application) {
                let fields = fields(
                    Value::named(permission.id, permission.value),
                    principal.clone(),
                    Value::named(&permission.api.id, &permission.api.display_name),
                );
                let name = format!("{}/{}", context.api_name(permission.api), permission.value);
                wanted.insert((permission.api.id.as_str(), permission.id), (name, fields));
            }
            let keys: BTreeSet<_> = wanted.keys().chain(found.keys()).copied().collect();
            for key in keys {
                let (wanted, found) = (wanted.remove(&key), found.remove(&key));
                let name = match (&wanted, &found) {
                    (Some((name, _)), _) | (None, Some((name, _, _))) => name.clone(),
                    (None, None) => continue,
                };
                let reason = wanted.is_none().then_some(Reason::Undeclared);
                let mut resource = Resource::new(
                    Address::new(handle, NAME, name),
                    wanted.map(|(_, fields)| fields),
                    found.map(|(_, id, fields)| (id, fields)),
                );
                resource.reason = reason;
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        let create = |after: &Fields| {
            let id = |name: &str| after.get(name).and_then(Value::id).unwrap_or_default();
            let body = json!({
                "principalId": id("principalId"),
                "resourceId": id("resourceId"),
                "appRoleId": id("appRoleId"),
            });
            let path = format!("/servicePrincipals/{}/appRoleAssignedTo", id("resourceId"));
            // Looked for on the client's side: the list of a popular API's assignments is long.
            let look = format!("/servicePrincipals/{}/appRoleAssignments", id("principalId"));
            Write::Graph(Request::post(path, body.clone()).or_look(look, body))
        };
        let delete = |id: &str, before: &Fields| {
            let principal = before.get("principalId").and_then(Value::id).unwrap_or_default();
            Write::Graph(Request::delete(format!("/servicePrincipals/{principal}/appRoleAssignments/{id}")))
        };
        match &step.action {
            Action::Create { after } => vec![create(after)],
            Action::Delete { id, before } => vec![delete(id, before)],
            Action::Update { .. } | Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

fn fields(role: Value, principal: Value, resource: Value) -> Fields {
    Fields::from([
        ("appRoleId".to_owned(), role),
        ("principalId".to_owned(), principal),
        ("resourceId".to_owned(), resource),
    ])
}
