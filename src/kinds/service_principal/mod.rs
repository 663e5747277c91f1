//! `servicePrincipal`: the application's presence in this tenant, which consent and roles are given to.

mod wire;

pub use wire::{api, service_principal};

use serde_json::json;

use crate::model::{Action, Address, Fields, Step, Value};

use super::write::{Certificates, Request, Write};
use super::{Context, Findings, Kind, Resource};

pub(super) struct ServicePrincipal;

pub(super) const NAME: &str = "servicePrincipal";

impl Kind for ServicePrincipal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, findings: &mut Findings) {
        for (handle, desired, actual) in context.applications() {
            // It goes with its application.
            if desired.is_none() {
                continue;
            }
            let found = actual.and_then(|actual| Some((actual, actual.service_principal.as_ref()?)));
            let found = found.map(|(actual, service_principal)| {
                let fields = Fields::from([("appId".to_owned(), Value::text(&actual.app_id))]);
                (service_principal.id.clone(), fields)
            });
            let wanted = Fields::from([("appId".to_owned(), context.app_id(handle))]);
            findings.resources.push(Resource::new(Address::new(handle, NAME, ""), Some(wanted), found));
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
            // Its only managed field is the appId, which is also its identity; it goes with its application.
            Action::Update { .. } | Action::Renew { .. } | Action::Delete { .. } => Vec::new(),
        }
    }
}
