//! `federatedIdentityCredential`: another identity provider's tokens taken for a credential. Accredit makes none, and
//! removes those of others where the manifest says so.

use crate::model::{Action, Address, Fields, Step, Value};

use super::write::{Certificates, Request, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct FederatedIdentityCredential;

const NAME: &str = "federatedIdentityCredential";

impl Kind for FederatedIdentityCredential {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, actual) in context.applications() {
            let (Some(_), Some(actual)) = (desired, actual) else { continue };
            // It has no end.
            let Some(reason) = context.removes(handle, None) else { continue };
            for credential in &actual.federated_credentials {
                let fields = Fields::from([
                    ("issuer".to_owned(), Value::text(&credential.issuer)),
                    ("subject".to_owned(), Value::text(&credential.subject)),
                    ("application".to_owned(), Value::text(&actual.id)),
                ]);
                let address = Address::new(handle, NAME, &credential.name);
                let mut resource = Resource::new(address, None, Some((credential.id.clone(), fields)));
                resource.reason = Some(reason.clone());
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Delete { id, before } => {
                let application = before.get("application").and_then(Value::id).unwrap_or_default();
                let path = format!("/applications/{application}/federatedIdentityCredentials/{id}");
                vec![Write::Graph(Request::delete(path))]
            }
            Action::Create { .. } | Action::Update { .. } | Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}
