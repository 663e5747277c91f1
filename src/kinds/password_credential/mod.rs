//! `passwordCredential`: a client secret, on an application or on its service principal. Accredit makes none, and removes
//! those of others where the manifest says so.

use jiff::Timestamp;
use serde_json::json;

use crate::model::{Action, Address, Fields, ObservedPasswordCredential, Step, Value};

use super::write::{Certificates, Request, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct PasswordCredential;

const NAME: &str = "passwordCredential";

impl Kind for PasswordCredential {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, actual) in context.applications() {
            let (Some(_), Some(actual)) = (desired, actual) else { continue };
            let own = actual.password_credentials.iter().map(|secret| (format!("/applications/{}", actual.id), secret));
            let service_principal = actual.service_principal.iter().flat_map(|service_principal| {
                let path = format!("/servicePrincipals/{}", service_principal.id);
                service_principal.password_credentials.iter().map(move |secret| (path.clone(), secret))
            });
            for (path, secret) in own.chain(service_principal) {
                let Some(reason) = context.removes(handle, secret.end) else { continue };
                let address = Address::new(handle, NAME, &secret.key_id);
                let found = (secret.key_id.clone(), fields(&path, secret));
                let mut resource = Resource::new(address, None, Some(found));
                resource.reason = Some(reason);
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Delete { id, before } => {
                let path = before.get("holder").and_then(Value::id).unwrap_or_default();
                let request = Request::post(format!("{path}/removePassword"), json!({ "keyId": id }));
                vec![Write::Graph(Request { removes: true, ..request })]
            }
            Action::Create { .. } | Action::Update { .. } | Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

fn fields(path: &str, secret: &ObservedPasswordCredential) -> Fields {
    Fields::from([
        ("holder".to_owned(), Value::text(path)),
        ("displayName".to_owned(), Value::optional_text(secret.display_name.as_deref())),
        ("endDateTime".to_owned(), Value::optional_text(secret.end.map(|end: Timestamp| end.to_string()).as_deref())),
    ])
}
