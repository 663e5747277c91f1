//! `servicePrincipal`: the application's presence in this tenant, which consent and roles are given to.

mod wire;

pub use wire::{api, service_principal};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::model::{Action, Address, Fields, Step, Value};

use super::context::unwanted;
use super::write::{Certificates, KeyCredentialsChange, Request, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct ServicePrincipal;

pub(super) const NAME: &str = "servicePrincipal";

impl Kind for ServicePrincipal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, actual) in context.applications() {
            // It goes with its application.
            if desired.is_none() {
                continue;
            }
            let found = actual.and_then(|actual| Some((actual, actual.service_principal.as_ref()?)));
            let mut wanted = Fields::from([("appId".to_owned(), context.app_id(handle))]);
            let found = found.map(|(actual, service_principal)| {
                let mut fields = Fields::from([("appId".to_owned(), Value::text(&actual.app_id))]);
                // Sign-in certificates belong on the application: any that is here is somebody else's.
                let all = &service_principal.key_credentials;
                let named = |credential| Value::Named(unwanted(credential));
                let kept = all.iter().filter(|credential| context.removes(handle, credential.end).is_none());
                if kept.clone().count() < all.len() {
                    wanted.insert("keyCredentials".to_owned(), Value::set(kept.map(named)));
                    fields.insert("keyCredentials".to_owned(), Value::set(all.iter().map(named)));
                }
                (service_principal.id.clone(), fields)
            });
            survey.resources.push(Resource::new(Address::new(handle, NAME, ""), Some(wanted), found));
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Create { after } => {
                let app_id = after.get("appId").and_then(Value::id).unwrap_or_default();
                let request = Request::post("/servicePrincipals".to_owned(), json!({ "appId": app_id }));
                let look = format!("/servicePrincipals(appId='{app_id}')");
                vec![Write::Graph(request.or_look(look, json!({ "appId": app_id })))]
            }
            // The appId is also its identity; what can change is which certificates of others it keeps.
            Action::Update { id, changes, after: _ } => {
                let removed = changes.iter().flat_map(|change| {
                    let kept: BTreeSet<&Value> = change.after.members().collect();
                    change.before.members().filter(move |value| !kept.contains(value)).filter_map(Value::id)
                });
                vec![Write::KeyCredentials(KeyCredentialsChange {
                    holder: format!("/servicePrincipals/{id}"),
                    add: BTreeMap::new(),
                    stay: Vec::new(),
                    may_leave_none: true,
                    remove: removed.map(str::to_owned).collect(),
                })]
            }
            // It goes with its application.
            Action::Renew { .. } | Action::Prove { .. } | Action::Delete { .. } => Vec::new(),
        }
    }
}
