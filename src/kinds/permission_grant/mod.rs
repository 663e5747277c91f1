//! `oauth2PermissionGrant`: admin consent to the delegated permissions of one API, for all users.

mod wire;

pub use wire::permission_grant;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::model::{Action, Address, Fields, PermissionType, Reason, Step, Value};

use super::write::{Certificates, Request, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct PermissionGrant;

const NAME: &str = "oauth2PermissionGrant";

impl Kind for PermissionGrant {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, actual) in context.applications() {
            // Not declared is not managed; and consent goes with its application.
            if desired.is_none_or(|desired| desired.permissions.is_none()) {
                continue;
            }
            let client = context.service_principal_id(handle);
            let name_of = |resource: &str| {
                context.api_by_object_id(resource).map_or(resource.to_owned(), |api| context.api_name(api))
            };
            let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for permission in context.consented(handle, PermissionType::Delegated) {
                wanted.entry(&permission.api.id).or_default().insert(permission.value);
            }
            let service_principal = actual.and_then(|actual| actual.service_principal.as_ref());
            let grants = service_principal.iter().flat_map(|sp| &sp.grants);
            let found: BTreeMap<&str, _> = grants.map(|grant| (grant.resource_id.as_str(), grant)).collect();
            let keys: BTreeSet<&str> = wanted.keys().chain(found.keys()).copied().collect();
            for resource_id in keys {
                let name = name_of(resource_id);
                let resource_value = Value::named(resource_id, &name);
                let wanted = wanted
                    .get(resource_id)
                    .map(|scopes| fields(client.clone(), resource_value.clone(), scopes.iter().copied()));
                let found = found.get(resource_id).map(|grant| {
                    let scopes = grant.scopes.iter().map(String::as_str);
                    (grant.id.clone(), fields(client.clone(), resource_value.clone(), scopes))
                });
                let reason = wanted.is_none().then_some(Reason::Undeclared);
                let mut resource = Resource::new(Address::new(handle, NAME, name), wanted, found);
                resource.reason = reason;
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Create { after } => vec![create(after)],
            Action::Update { id, changes: _, after } => {
                vec![Write::Graph(Request::patch(path(id), json!({ "scope": scope(after) })))]
            }
            Action::Delete { id, before: _ } => vec![Write::Graph(Request::delete(path(id)))],
            Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

fn fields<'s>(client: Value, resource: Value, scopes: impl Iterator<Item = &'s str>) -> Fields {
    Fields::from([
        ("clientId".to_owned(), client),
        ("consentType".to_owned(), Value::text("AllPrincipals")),
        ("resourceId".to_owned(), resource),
        ("scope".to_owned(), Value::set(scopes.map(Value::text))),
    ])
}

fn path(id: &str) -> String {
    format!("/oauth2PermissionGrants/{id}")
}

fn scope(after: &Fields) -> String {
    let scopes: Vec<&str> = after.get("scope").into_iter().flat_map(Value::members).filter_map(Value::id).collect();
    scopes.join(" ")
}

fn create(after: &Fields) -> Write {
    let id = |name: &str| after.get(name).and_then(Value::id).unwrap_or_default();
    let body = json!({
        "clientId": id("clientId"),
        "consentType": "AllPrincipals",
        "principalId": null,
        "resourceId": id("resourceId"),
        "scope": scope(after),
    });
    let look = format!("/oauth2PermissionGrants?$filter=clientId eq '{}'", id("clientId"));
    Write::Graph(Request::post("/oauth2PermissionGrants".to_owned(), body.clone()).or_look(look, body))
}
